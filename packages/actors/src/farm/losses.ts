/**
 * Where workers have been lost of late with tasks that they held: what has lost some again and again is doubted for a while.
 */
import { type Clock, systemClock } from '@troupe/core'

/** So many losses for each worker of a place within so long, in ms, make it doubtful, for as long. */
const LOSSES = 3
const PERIOD_MS = 60_000
/** Places that are remembered, and losses of each: of so many more workers that die are not told from fewer. */
const MAX_PLACES = 10_000
const MAX_LOSSES = 300

export class Losses {
  readonly #times = new Map<string, number[]>()
  readonly #clock: Pick<Clock, 'now'>

  constructor(clock: Pick<Clock, 'now'> = systemClock) {
    this.#clock = clock
  }

  note(place: string): void {
    const times = [...(this.#times.get(place) ?? []), this.#clock.now()].slice(-MAX_LOSSES)
    // As the last, so that the first is who was quiet for longest.
    this.#times.delete(place)
    this.#times.set(place, times)
    if (this.#times.size > MAX_PLACES) this.#times.delete(this.#times.keys().next().value!)
  }

  /** Until when nothing shall be sent ahead to a worker there, where so many are; 0 if it is not doubted. */
  doubtedUntilMs(place: string, workers: number): number {
    const sinceMs = this.#clock.now() - PERIOD_MS
    const recent = (this.#times.get(place) ?? []).filter((atMs) => atMs >= sinceMs)
    return recent.length >= Math.min(MAX_LOSSES, LOSSES * workers) ? recent.at(-1)! + PERIOD_MS : 0
  }
}
