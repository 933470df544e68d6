/**
 * Finds an event loop that does not turn: it is asked again and again, and has to answer within a time.
 */
import type { Clock } from '@troupe/core/kernel'

export interface SilenceTerms {
  /** 0 never finds any. */
  readonly hangMs: number
  readonly clock: Clock
  ping(): void
  silent(): void
}

export class SilenceWatch {
  readonly #terms: SilenceTerms
  #timer: unknown
  #heardAtMs = 0
  #lookedAtMs = 0
  #state: 'idle' | 'watching' | 'over' = 'idle'

  constructor(terms: SilenceTerms) {
    this.#terms = terms
  }

  /** Begins, once there is something that can answer. */
  start(): void {
    if (this.#terms.hangMs === 0 || this.#state !== 'idle') return
    this.#state = 'watching'
    this.#heardAtMs = this.#lookedAtMs = this.#terms.clock.now()
    this.#look()
  }

  /** Anything came: it turns. */
  heard(): void {
    if (this.#state === 'watching') this.#heardAtMs = this.#terms.clock.now()
  }

  stop(): void {
    this.#state = 'over'
    this.#terms.clock.clearTimeout(this.#timer)
  }

  #look(): void {
    const { hangMs, clock, ping, silent } = this.#terms
    const now = clock.now()
    const everyMs = Math.max(1, hangMs / 4)
    // Who asks may have stood still itself: that time is not the other's silence.
    const stallMs = Math.max(0, now - this.#lookedAtMs - everyMs)
    this.#heardAtMs += stallMs
    this.#lookedAtMs = now
    if (now - this.#heardAtMs > hangMs) {
      this.stop()
      return silent()
    }
    ping()
    this.#timer = clock.setTimeout(() => this.#look(), everyMs)
  }
}
