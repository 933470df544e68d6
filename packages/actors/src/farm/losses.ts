/**
 * Where workers have been lost of late with tasks that they held: what has lost some again and again is doubted for a while.
 */
import { type Clock, systemClock } from '@troupe/core'

/** So many losses within so long, in ms, make a place doubtful, for as long. */
const LOSSES = 3
const PERIOD_MS = 60_000
/** Places that are remembered. */
const MAX_PLACES = 10_000

export class Losses {
  readonly #times = new Map<string, number[]>()
  readonly #clock: Pick<Clock, 'now'>

  constructor(clock: Pick<Clock, 'now'> = systemClock) {
    this.#clock = clock
  }

  note(place: string): void {
    const times = [...(this.#times.get(place) ?? []), this.#clock.now()].slice(-LOSSES)
    // As the last, so that the first is who was quiet for longest.
    this.#times.delete(place)
    this.#times.set(place, times)
    if (this.#times.size > MAX_PLACES) this.#times.delete(this.#times.keys().next().value!)
  }

  /** Until when nothing shall be sent ahead to a worker there; 0 if it is not doubted. */
  doubtedUntilMs(place: string): number {
    const times = this.#times.get(place) ?? []
    const isRecent = times.length === LOSSES && this.#clock.now() - times[0]! <= PERIOD_MS
    return isRecent ? times[LOSSES - 1]! + PERIOD_MS : 0
  }
}
