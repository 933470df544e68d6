/**
 * Workers that compete for the tasks of one lane, who has the least to do first. What one holds only grows while tasks are
 * given out, so an order that was right once is mended where it is looked at: a worker costs nothing until its turn comes.
 */
import type { Seat } from './seat.js'

interface Place {
  readonly seat: Seat
  /** Its load when it was last looked at: by now it may have more. */
  load: number
}

export class Contest {
  /** A heap of those that had room, the first ahead. */
  readonly #places: Place[] = []
  readonly #hasRoom: (seat: Seat) => boolean
  /** What all that compete hold together, those without room too. */
  held = 0
  /** How much all do together in a time. */
  speed = 0

  constructor(seats: readonly Seat[], hasRoom: (seat: Seat) => boolean) {
    this.#hasRoom = hasRoom
    for (const seat of seats) {
      this.held += seat.holder.held
      this.speed += speedOf(seat)
      if (hasRoom(seat)) this.#places.push({ seat, load: loadOf(seat) })
    }
    for (let at = (this.#places.length >> 1) - 1; at >= 0; at--) this.#sink(at)
  }

  /** Who has the least to do of those that have room; of two that have as little, the farm's own. */
  first(): Seat | undefined {
    for (let place = this.#places[0]; place !== undefined; place = this.#places[0]) {
      const load = loadOf(place.seat)
      if (!this.#hasRoom(place.seat)) this.#drop()
      else if (load === place.load) return place.seat
      else {
        place.load = load
        this.#sink(0)
      }
    }
    return undefined
  }

  #drop(): void {
    const last = this.#places.pop()!
    if (this.#places.length === 0) return
    this.#places[0] = last
    this.#sink(0)
  }

  #sink(from: number): void {
    const places = this.#places
    const sinking = places[from]!
    let at = from
    for (let below = 2 * at + 1; below < places.length; below = 2 * at + 1) {
      if (below + 1 < places.length && comesBefore(places[below + 1]!, places[below]!)) below++
      if (!comesBefore(places[below]!, sinking)) break
      places[at] = places[below]!
      at = below
    }
    places[at] = sinking
  }
}

/** How much a worker does in the same time, beside others. */
export const speedOf = ({ slots, slowness }: Seat): number => slots / slowness

const loadOf = (seat: Seat): number => seat.holder.held / speedOf(seat)

function comesBefore(one: Place, other: Place): boolean {
  return one.load === other.load ? one.seat.isOwn && !other.seat.isOwn : one.load < other.load
}
