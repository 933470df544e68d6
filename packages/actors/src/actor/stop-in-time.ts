/**
 * The stop of what is driven by a lifecycle and can be killed.
 */
import type { Lifecycle } from '@troupe/core'
import type { ShutdownTime } from './exit.js'

/** Stops it; kills it at once, or when it has not stopped in its time. Resolves when it has stopped. */
export async function stopInTime(lifecycle: Lifecycle, kill: () => void, timeoutMs?: ShutdownTime): Promise<void> {
  if (timeoutMs === 'brutal_kill') kill()
  const timer = typeof timeoutMs === 'number' ? setTimeout(kill, timeoutMs) : undefined
  await lifecycle.stop()
  clearTimeout(timer)
}
