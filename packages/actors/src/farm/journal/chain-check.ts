/**
 * Finds where a run is damaged, from its records in order: the rule, without the store.
 */
import { crc32 } from 'node:zlib'
import { readHeader } from './entry-record.js'

/** How much of a run is whole. */
export class ChainCheck {
  /** The last place up to which all is as it was written; -1 for none. */
  whole = -1
  /** The last place of which there is anything. */
  seen = -1
  /** What the first damage is. */
  why: string | undefined
  /** The header that was read last, when it was whole. */
  #header: { readonly place: number; readonly bodySum: number | null; isBodyDue: boolean } | undefined

  header(key: Buffer, place: number, record: Buffer): void {
    this.end()
    this.seen = place
    this.#header = undefined
    if (this.why !== undefined) return
    const header = readHeader(key, record)
    if (header === undefined) this.why = `entry ${place} is damaged`
    else if (header.previous !== this.whole) this.why = `what stood before entry ${place} is missing`
    else {
      this.#header = { place, bodySum: header.bodySum, isBodyDue: header.bodySum !== null }
      if (header.bodySum === null) this.whole = place
    }
  }

  body(place: number, body: Buffer): void {
    if (place !== this.#header?.place) this.end()
    this.seen = Math.max(this.seen, place)
    if (this.why !== undefined) return
    const header = this.#header?.place === place ? this.#header : undefined
    if (header === undefined) this.why = `the header of entry ${place} is missing`
    // A body that was compacted away and that a repair found again is nothing to anybody.
    if (header === undefined || header.bodySum === null) return
    header.isBodyDue = false
    if (crc32(body) === header.bodySum) this.whole = place
    else this.why = `the body of entry ${place} is damaged`
  }

  /** There is no more of the run. */
  end(): void {
    if (this.#header?.isBodyDue !== true) return
    this.#header.isBodyDue = false
    this.why ??= `the body of entry ${this.#header.place} is missing`
  }
}
