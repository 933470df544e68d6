/**
 * A limit on how many tasks begin in a time: a bucket of tokens, each of which comes back so long after it was taken. So no more
 * than `limit` begin in any `perMs`, and all of them may at once. Pure: it is told what time it is.
 */
export interface RateTerms {
  readonly limit: number
  readonly perMs: number
}

interface Slot {
  readonly sinceMs: number
  /** Its tokens count from the last that was taken in it. */
  takenMs: number
  count: number
}

/** What was taken within this part of `perMs` comes back together: the memory of a rate has an end. */
const SLOTS = 1_000

export class Rate {
  static #made = 0
  readonly id = ++Rate.#made
  readonly #limit: number
  readonly #perMs: number
  #slots: Slot[] = []
  #taken = 0

  constructor({ limit, perMs }: RateTerms) {
    this.#limit = limit
    this.#perMs = perMs
  }

  /** How many tasks may begin now. */
  room(nowMs: number): number {
    const back = this.#slots.findIndex(({ takenMs }) => takenMs + this.#perMs > nowMs)
    const gone = this.#slots.splice(0, back === -1 ? this.#slots.length : back)
    for (const { count } of gone) this.#taken -= count
    return this.#limit - this.#taken
  }

  /** So many tasks begin now. */
  take(count: number, nowMs: number): void {
    this.#taken += count
    const last = this.#slots.at(-1)
    if (last === undefined || nowMs - last.sinceMs > this.#perMs / SLOTS) {
      this.#slots.push({ sinceMs: nowMs, takenMs: nowMs, count })
      return
    }
    last.takenMs = nowMs
    last.count += count
  }

  /** When the next token comes back. */
  get backMs(): number {
    return (this.#slots[0]?.takenMs ?? Number.NEGATIVE_INFINITY) + this.#perMs
  }
}

/** How many tasks may begin by all of these rates, and, where none may, when to look again. */
export function roomOf(rates: readonly Rate[], nowMs: number): { readonly room: number; readonly backMs: number } {
  let room = Number.POSITIVE_INFINITY
  let backMs = Number.NEGATIVE_INFINITY
  for (const rate of rates) {
    const own = rate.room(nowMs)
    if (own <= 0) backMs = Math.max(backMs, rate.backMs)
    room = Math.min(room, own)
  }
  return { room, backMs }
}
