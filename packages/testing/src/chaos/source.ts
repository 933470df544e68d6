/**
 * The inputs of a play: numbers from 0. They come as fast as they are taken up to where the story allows it, and slowly beyond,
 * so that nobody runs out of tasks while a misfortune takes its time.
 */
import { setTimeout as delay } from 'node:timers/promises'

/** So many come so often beyond what is allowed. */
const BURST = 16
const BURST_EVERY_MS = 50

export class Source {
  readonly #count: number
  #allowed = 0
  #hasEnded = false
  #wake = new AbortController()

  /** There are so many at least. */
  constructor(count: number) {
    this.#count = count
  }

  allow(upTo: number): void {
    if (upTo <= this.#allowed) return
    this.#allowed = upTo
    this.#wake.abort()
  }

  /** None comes beyond the count any more. */
  end(): void {
    this.#hasEnded = true
    this.allow(Number.POSITIVE_INFINITY)
  }

  /** @param known so many have come before, in another life: they come again at once */
  async *inputs(known = 0): AsyncGenerator<number, void> {
    for (let n = 0; n < known || n < this.#count || !this.#hasEnded; n++) {
      if (n >= known && n >= this.#allowed && n % BURST === 0) await this.#pause()
      // It may have ended meanwhile.
      if (n >= known && n >= this.#count && this.#hasEnded) return
      yield n
    }
  }

  async #pause(): Promise<void> {
    this.#wake = new AbortController()
    await delay(BURST_EVERY_MS, undefined, { signal: this.#wake.signal }).catch(() => undefined)
  }
}
