/**
 * How much memory a worker uses.
 */
import { getHeapStatistics } from 'node:v8'

const MIB = 2 ** 20

/**
 * Of a process its resident set; of a thread its own heap and what that holds outside (buffers), for the rest is its
 * process's; undefined inline, where nothing is the worker's own.
 */
export function usedMiB(isolation: 'process' | 'thread' | 'inline'): number | undefined {
  if (isolation === 'inline') return undefined
  if (isolation === 'process') return Math.round(process.memoryUsage.rss() / MIB)
  const { used_heap_size, external_memory } = getHeapStatistics()
  return Math.round((used_heap_size + external_memory) / MIB)
}
