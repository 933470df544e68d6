/**
 * The calls of a session by their ids, which only grow.
 *
 * A Map that many short-lived calls go through keeps them alive: each time it is laid out anew, the old layout, once it has grown
 * old, still holds all that was in it, until the next full garbage collection. This cost more than all else about a call.
 */

/** Few: most sessions have few calls at a time, and a server has many sessions. */
const AT_FIRST = 8
const MOST = 4_096

export class CallTable<Call> implements Iterable<Call> {
  #slots: (Call | undefined)[] = new Array(AT_FIRST).fill(undefined)
  #ids: number[] = new Array(AT_FIRST).fill(0)
  /** Those whose slot an older one has: streams that last, for the most part. */
  #others: Map<number, Call> | undefined
  #size = 0

  get size(): number {
    return this.#size
  }

  /** Adds a call with an id that was never there. */
  set(id: number, call: Call): void {
    this.#size++
    let slot = id & (this.#slots.length - 1)
    if (this.#slots[slot] !== undefined && this.#slots.length < MOST) {
      this.#grow()
      slot = id & (this.#slots.length - 1)
    }
    if (this.#slots[slot] !== undefined) {
      this.#others ??= new Map()
      this.#others.set(id, call)
      return
    }
    this.#slots[slot] = call
    this.#ids[slot] = id
  }

  get(id: number): Call | undefined {
    const slot = id & (this.#slots.length - 1)
    if (this.#ids[slot] === id) return this.#slots[slot]
    return this.#others?.get(id)
  }

  delete(id: number): boolean {
    const slot = id & (this.#slots.length - 1)
    if (this.#ids[slot] !== id) {
      const isThere = this.#others?.delete(id) === true
      if (isThere) this.#size--
      return isThere
    }
    if (this.#slots[slot] === undefined) return false
    this.#slots[slot] = undefined
    this.#ids[slot] = 0
    this.#size--
    return true
  }

  /** All, as they are now; then none is there. */
  clear(): Call[] {
    const all = [...this]
    this.#slots.fill(undefined)
    this.#ids.fill(0)
    this.#others = undefined
    this.#size = 0
    return all
  }

  *[Symbol.iterator](): Iterator<Call> {
    for (const call of this.#slots) if (call !== undefined) yield call
    if (this.#others !== undefined) yield* this.#others.values()
  }

  #grow(): void {
    const [slots, ids] = [this.#slots, this.#ids]
    const length = slots.length * 2
    this.#slots = new Array(length).fill(undefined)
    this.#ids = new Array(length).fill(0)
    for (const [slot, call] of slots.entries()) {
      if (call === undefined) continue
      // Twice as many slots: no two that had one each share one now.
      const place = ids[slot]! & (length - 1)
      this.#slots[place] = call
      this.#ids[place] = ids[slot]!
    }
  }
}
