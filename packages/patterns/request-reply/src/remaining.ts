/**
 * One time limit over several waits.
 */
import type { WaitOptions } from '@troupe/core'

/** The options of each further wait: what is left of the time, at least 1 ms, since 0 is for ever. */
export function remaining(options: WaitOptions): () => WaitOptions {
  const { timeoutMs } = options
  if (typeof timeoutMs !== 'number' || !(timeoutMs > 0)) return () => options
  const endMs = performance.now() + timeoutMs
  let first = true
  return () => {
    // The first is as it was given, so that what is wrong about it is named.
    if (!first) return { ...options, timeoutMs: Math.max(1, Math.ceil(endMs - performance.now())) }
    first = false
    return options
  }
}
