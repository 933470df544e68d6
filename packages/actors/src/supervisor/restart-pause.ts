/**
 * How long a child waits for its restart.
 */
import { backoffDelayMs } from '@troupe/core'
import type { ChildRecord } from './child-record.js'
import type { SupervisorRules, Surroundings } from './supervisor-rules.js'

/** As many restarts in a row of what runs for no time are at once; then the event loop has its turn. */
const RAPID_RESTARTS = 100

/**
 * The pause before the next restart of a child, in ms; undefined when that is to be at once, as in OTP. Keeps count of
 * its restarts in a row.
 */
export function restartPauseMs(
  child: ChildRecord,
  { periodMs }: SupervisorRules,
  { nowMs, random }: Surroundings,
): number | undefined {
  const ranMs = child.phase === 'running' ? nowMs - child.sinceMs : 0
  child.streak = ranMs > periodMs ? 1 : child.streak + 1
  child.rapid = ranMs < 1 ? child.rapid + 1 : 0
  const { backoff } = child.rules
  const delayMs = backoff === undefined ? 0 : backoffDelayMs(backoff, child.streak, random)
  const isTooRapid = child.rapid > 0 && child.rapid % RAPID_RESTARTS === 0
  return delayMs > 0 || isTooRapid ? delayMs : undefined
}
