/**
 * One thing after the other.
 */
import { deferred } from '@troupe/core'

export class TurnTaking {
  readonly #waiting: (() => void)[] = []
  #isBusy = false

  /** Begins at once when nobody else is at it. */
  async run<Value>(work: () => Promise<Value>): Promise<Value> {
    if (this.#isBusy) {
      const { promise, resolve } = deferred()
      this.#waiting.push(resolve)
      await promise
    }
    this.#isBusy = true
    try {
      return await work()
    } finally {
      // The next one begins before anybody learns of this one; until it does, it is its turn already.
      const next = this.#waiting.shift()
      this.#isBusy = next !== undefined
      next?.()
    }
  }
}
