/**
 * Kills a worker that is at work, as the kernel does when memory runs out: no word before, nothing cleaned up.
 */
import type { Farm } from '@troupe/actors/farm'

/** More deaths than this would be no accident. */
const DEATHS_AT_MOST = 5

export class OneDeath {
  readonly #farm: Farm
  #deaths = 0

  constructor(farm: Farm) {
    this.#farm = farm
  }

  /**
   * Kills the worker that holds the most tasks, once. Where all that it held turns out to have been done already, a
   * later call kills another. Tells whom it killed, with how many tasks.
   */
  strike(): { readonly pid: number; readonly held: number } | undefined {
    const { restarts, redelivered, workers } = this.#farm.stats()
    // What the last victim held is sorted out by the time that its successor is at work.
    const complete = workers.every(({ state }) => state === 'working' || state === 'idle')
    if (redelivered > 0 || restarts < this.#deaths || !complete || this.#deaths === DEATHS_AT_MOST) return undefined
    const [busiest] = workers.filter(({ held }) => held > 0).sort((a, b) => b.held - a.held)
    if (busiest?.pid === undefined) return undefined
    process.kill(busiest.pid, 'SIGKILL')
    this.#deaths++
    return { pid: busiest.pid, held: busiest.held }
  }
}
