/**
 * Exponential backoff as a pure function: restarts of children and retries of tasks share it.
 */
import { z } from 'zod'

export const BackoffOptions = z.strictObject({
  /** The delay before the first try again, in ms. 0 tries again at once. */
  minMs: z.number().nonnegative().default(0),
  /** No delay is longer than this, in ms. */
  maxMs: z.number().nonnegative().default(30_000),
  /** Each delay is this many times the one before it. */
  factor: z.number().min(1).default(2),
  /** Share of the delay that is random, from 0 (none) to 1 (anything from 0 to the delay). */
  jitter: z.number().min(0).max(1).default(0),
})
export type BackoffOptions = z.input<typeof BackoffOptions>

/** The delay in ms before try number `attempt` + 1, when `attempt` (from 1) tries have failed. */
export function backoffDelayMs(
  options: z.output<typeof BackoffOptions>,
  attempt: number,
  random: () => number = Math.random,
): number {
  // After very many tries the power is infinite, and nothing times that is not a number.
  const fullMs = options.minMs === 0 ? 0 : Math.min(options.maxMs, options.minMs * options.factor ** (attempt - 1))
  return fullMs * (1 - options.jitter * random())
}
