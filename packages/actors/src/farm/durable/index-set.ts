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
