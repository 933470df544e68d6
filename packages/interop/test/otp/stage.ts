/**
 * Lets what is to happen happen, on a clock that goes on only when everybody waits for it.
 */
import { setImmediate as turn } from 'node:timers/promises'
import { SimulatedClock } from '@troupe/core'

/** Nobody who is not deaf takes so many turns of the event loop for what he does. */
const IDLE_TURNS = 5
/** Short, since of two times that run out in one step neither side would know which was first. */
const TICK_MS = 500
const PATIENCE_TURNS = 2_000

export class Stage {
  readonly clock = new SimulatedClock()
  readonly #progress: () => number
  #isGivenUp = false

  /** `progress` grows with all that happens. */
  constructor(progress: () => number) {
    this.#progress = progress
  }

  /** Lets time go by until it is so. @throws {Error} when it does not come to be */
  async until(is: () => boolean): Promise<void> {
    let seen = this.#progress()
    let idleTurns = 0
    for (let turns = 0; turns < PATIENCE_TURNS; turns++) {
      await turn()
      if (is()) return
      idleTurns = this.#progress() === seen ? idleTurns + 1 : 0
      seen = this.#progress()
      this.clock.advance(idleTurns > IDLE_TURNS ? TICK_MS : 0)
    }
    this.#isGivenUp = true
    throw new Error('hangs')
  }

  /** Waits until it is so while somebody else lets time go by. @throws {Error} when that one has given up */
  async meanwhile(is: () => boolean): Promise<void> {
    while (!is()) {
      if (this.#isGivenUp) throw new Error('given up')
      await turn()
    }
  }

  async over<Value>(promise: Promise<Value>): Promise<Value> {
    let isOver = false
    const note = () => {
      isOver = true
    }
    promise.then(note, note)
    await this.until(() => isOver)
    return promise
  }
}
