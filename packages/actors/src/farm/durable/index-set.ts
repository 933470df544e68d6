/**
 * A set of indexes that are dense from 0 on: a bit each.
 */
import type { Ranges } from '../journal/journal.js'

export class IndexSet {
  #bits = new Uint8Array(1_024)
  #size = 0

  get size(): number {
    return this.#size
  }

  has(index: number): boolean {
    return ((this.#bits[index >> 3] ?? 0) & (1 << (index & 7))) !== 0
  }

  add(index: number): void {
    if (this.has(index)) return
    const at = index >> 3
    if (at >= this.#bits.length) this.#grow(at + 1)
    this.#bits[at]! |= 1 << (index & 7)
    this.#size++
  }

  addAll(ranges: Ranges): void {
    for (const [first, count] of ranges) for (let index = first; index < first + count; index++) this.add(index)
  }

  #grow(bytes: number): void {
    const bits = new Uint8Array(Math.max(bytes, 2 * this.#bits.length))
    bits.set(this.#bits)
    this.#bits = bits
  }
}

/** The indexes in their order, as ranges. */
export function rangesOf(indexes: Iterable<number>): Ranges {
  const ranges: [number, number][] = []
  let last: [number, number] | undefined
  for (const index of indexes) {
    if (last !== undefined && index === last[0] + last[1]) last[1]++
    else {
      last = [index, 1]
      ranges.push(last)
    }
  }
  return ranges
}

/** All the indexes of the ranges, in their order. */
export function* indexesOf(ranges: Ranges): Generator<number> {
  for (const [first, count] of ranges) for (let index = first; index < first + count; index++) yield index
}
