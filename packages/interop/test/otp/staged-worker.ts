/**
 * A child that ends when it is told to.
 */
import { setImmediate as turn } from 'node:timers/promises'
import type { Exit, Supervised } from '@troupe/actors/supervisor'
import { deferred } from '@troupe/core'

export class StagedWorker implements Supervised {
  readonly #exit = deferred<Exit>()
  readonly #whenAsked: Exit | undefined
  readonly #turns: number
  readonly #onEnd: (exit: Exit) => void
  #hasEnded = false

  /** Asked to stop it ends so many turns of the event loop later, as `whenAsked` says, or does not. */
  constructor(whenAsked: Exit | undefined, turns: number, onEnd: (exit: Exit) => void) {
    this.#whenAsked = whenAsked
    this.#turns = turns
    this.#onEnd = onEnd
  }

  get exit(): Promise<Exit> {
    return this.#exit.promise
  }

  get hasEnded(): boolean {
    return this.#hasEnded
  }

  end(exit: Exit): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#onEnd(exit)
    this.#exit.resolve(exit)
  }

  async stop(): Promise<void> {
    for (let left = this.#turns; left > 0; left--) await turn()
    if (this.#whenAsked !== undefined) this.end(this.#whenAsked)
    await this.exit
  }

  kill(): void {
    this.end({ reason: 'killed' })
  }
}
