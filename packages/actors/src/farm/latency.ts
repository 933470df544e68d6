/**
 * How long something takes that happens often: how often it was, how long in all, and the quantiles of late.
 */
import { Histogram } from './histogram.js'

/** Quantiles forget what was measured before the minute before this one, in ms. */
const TURN_MS = 60_000

/** How long something took, in ms. */
export interface LatencyStats {
  /** How often, since the farm began. */
  readonly count: number
  /** All of it together, since the farm began. */
  readonly sumMs: number
  /** What one of two did not exceed, of the last minute or two in which anything was measured. */
  readonly p50Ms: number | undefined
  /** What 99 of 100 did not exceed, of the same time. */
  readonly p99Ms: number | undefined
  /** The longest that was measured in the same time. */
  readonly maxMs: number | undefined
}

export class Latency {
  #count = 0
  #sumMs = 0
  #now = new Histogram()
  #before = new Histogram()
  #maxMs = 0
  #maxBeforeMs = 0
  #turnedMs = Number.NEGATIVE_INFINITY

  /** Notes a time that stands for `weight` of its kind. */
  record(ms: number, weight: number, nowMs: number): void {
    if (nowMs - this.#turnedMs >= TURN_MS) this.#turn(nowMs)
    this.#count += weight
    this.#sumMs += weight * ms
    this.#now.record(ms, weight)
    if (ms > this.#maxMs) this.#maxMs = ms
  }

  stats(): LatencyStats {
    const longestMs = Math.max(this.#maxMs, this.#maxBeforeMs)
    const [p50Ms, p99Ms] = Histogram.quantiles(this.#now, this.#before, [0.5, 0.99]).map((ms) =>
      ms === undefined ? undefined : Math.min(ms, longestMs),
    )
    const maxMs = this.#count === 0 ? undefined : longestMs
    return { count: this.#count, sumMs: this.#sumMs, p50Ms, p99Ms, maxMs }
  }

  /** What was new becomes old; what was old is forgotten. */
  #turn(nowMs: number): void {
    const isLate = nowMs - this.#turnedMs >= 2 * TURN_MS
    const old = this.#before
    this.#before = this.#now
    this.#maxBeforeMs = isLate ? 0 : this.#maxMs
    if (isLate) this.#before.clear()
    old.clear()
    this.#now = old
    this.#maxMs = 0
    this.#turnedMs = nowMs
  }
}
