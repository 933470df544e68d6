/**
 * Tasks that rest before their next try.
 */
import type { Clock } from '@troupe/core'
import type { Entry, TaskOwner } from './ledger.js'

export class Resting {
  readonly #clock: Clock
  readonly #timers = new Map<Entry, unknown>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get size(): number {
    return this.#timers.size
  }

  /** Lets a task rest for so long, and calls `over` then. */
  rest(entry: Entry, delayMs: number, over: () => void): void {
    entry.state = 'waiting'
    const timer = this.#clock.setTimeout(() => {
      this.#timers.delete(entry)
      over()
    }, delayMs)
    this.#timers.set(entry, timer)
  }

  /** Ends its rest, if it rests. */
  end(entry: Entry): void {
    const timer = this.#timers.get(entry)
    if (timer === undefined) return
    this.#clock.clearTimeout(timer)
    this.#timers.delete(entry)
  }

  /** Those of one owner. */
  of(owner: TaskOwner): Entry[] {
    return [...this.#timers.keys()].filter((entry) => entry.owner === owner)
  }

  /** Ends the rest of all. */
  takeAll(): Entry[] {
    const all = [...this.#timers.keys()]
    for (const entry of all) this.end(entry)
    return all
  }
}
