/**
 * What a process holds.
 */
import { readdirSync } from 'node:fs'

export interface Footprint {
  readonly rssMib: number
  readonly descriptors: number
  readonly threads: number
}

/** Of this process. Only Linux tells of descriptors and threads. */
export const footprint = (): Footprint => ({
  rssMib: process.memoryUsage.rss() / 2 ** 20,
  descriptors: readdirSync('/proc/self/fd').length,
  threads: readdirSync('/proc/self/task').length,
})
