/**
 * How many of something there are in a second, over the last ten. Without a timer: it is told the count as it grows.
 */

const SECONDS = 10

export class RateMeter {
  readonly #startedMs: number
  /** The count at the first look in a second, by the last digit of that second. */
  readonly #seconds = new Float64Array(SECONDS).fill(Number.NEGATIVE_INFINITY)
  readonly #counts = new Float64Array(SECONDS)
  #second = Number.NEGATIVE_INFINITY
  #count = 0

  constructor(nowMs: number) {
    this.#startedMs = nowMs
  }

  /** The count is `count` now. It never falls. */
  note(count: number, nowMs: number): void {
    const second = Math.floor((nowMs - this.#startedMs) / 1_000)
    if (second !== this.#second) {
      this.#second = second
      this.#seconds[second % SECONDS] = second
      this.#counts[second % SECONDS] = this.#count
    }
    this.#count = count
  }

  /** The mean of the last ten seconds, or of the time since it began, a second at least. */
  perSecond(nowMs: number): number {
    const sinceMs = nowMs - this.#startedMs
    const first = Math.max(0, Math.floor(sinceMs / 1_000) - SECONDS + 1)
    let before = this.#count
    for (let slot = 0; slot < SECONDS; slot++) {
      if (this.#seconds[slot]! >= first) before = Math.min(before, this.#counts[slot]!)
    }
    return ((this.#count - before) * 1_000) / Math.max(1_000, sinceMs - first * 1_000)
  }
}
