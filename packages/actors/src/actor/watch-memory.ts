/**
 * Looks at the memory of this process or thread.
 */
import { getHeapStatistics } from 'node:v8'

/** How often it is looked at, in ms. */
const EVERY_MS = 100
const MIB = 2 ** 20

/**
 * Calls `exceeded`, once, when the heap of this thread and what it holds outside (buffers) come to more than so much.
 * What fills the heap without giving the event loop back meets the limit of V8 instead.
 */
export function watchMemory(maxMemoryMiB: number, exceeded: () => void): void {
  const timer = setInterval(() => {
    const { used_heap_size, external_memory } = getHeapStatistics()
    if (used_heap_size + external_memory <= maxMemoryMiB * MIB) return
    clearInterval(timer)
    exceeded()
  }, EVERY_MS)
  timer.unref()
}
