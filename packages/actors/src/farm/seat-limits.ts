/**
 * The limits of time of a worker: whether it has been silent, or has gone on with what is not wanted, for too long.
 */
import type { Entry } from './ledger.js'
import type { Seat } from './seat.js'

export interface SeatLimits {
  readonly graceMs: number
  /** A worker that holds tasks and says nothing for longer is killed; 0 for never. */
  readonly hangMs: number
}

/** What a worker has overrun: the limit of a task that blocks its event loop, or its grace. */
export type Overrun = { readonly kind: 'blocked'; limitMs(entry: Entry): number } | { readonly kind: 'grace' }

/** What a worker has overrun by now, if anything. */
export function overrun(seat: Seat, nowMs: number, limits: SeatLimits): Overrun | undefined {
  if (seat.holder.held === 0 || seat.condemned !== undefined) return undefined
  const silentMs = nowMs - seat.lastHeardMs
  if (limits.hangMs > 0 && silentMs > limits.hangMs) return { kind: 'blocked', limitMs: () => limits.hangMs }
  if (silentMs > silenceMs(seat, limits)) return { kind: 'blocked', limitMs: ({ timeoutMs }) => timeoutMs }
  return nowMs > earliest(seat.unwanted) ? { kind: 'grace' } : undefined
}

/** How long a worker may be silent: no limit while anything that may be running in it has none. */
function silenceMs({ holder, slots }: Seat, { graceMs }: SeatLimits): number {
  let longestMs = 0
  let running = 0
  for (const { timeoutMs } of holder.entries()) {
    if (timeoutMs === 0) return Number.POSITIVE_INFINITY
    longestMs = Math.max(longestMs, timeoutMs)
    if (++running === slots) break
  }
  return longestMs + graceMs
}

const earliest = (unwanted: ReadonlyMap<number, number>): number => {
  for (const byMs of unwanted.values()) return byMs
  return Number.POSITIVE_INFINITY
}
