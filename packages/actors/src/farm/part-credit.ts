/**
 * How many parts a try of a task may have sent: what its reader has not taken yet is bounded, in bytes by what parts have
 * had so far. Pure: the farm's side counts, and tells the worker a number up to which it may go.
 */

/** What a worker may send before it is told more. */
export const FIRST_PARTS = 8
/** Parts that were sent and not taken are meant to stay under this, in bytes. */
const WINDOW_BYTES = 4 << 20
const MOST_PARTS = 256
/** With fewer the worker would wait for the reader after each. */
const FEWEST_PARTS = 2

export class PartCredit {
  #came = 0
  #taken = 0
  #allowed = FIRST_PARTS
  #bytes = 0

  /** So many came, of so many bytes together; false if that is more than was allowed. */
  came(count: number, bytes: number): boolean {
    this.#came += count
    this.#bytes += bytes
    return this.#came <= this.#allowed
  }

  /** So many were taken. Returns up to which number the worker may go now, if it is to be told. */
  took(count: number): number | undefined {
    this.#taken += count
    const size = Math.max(1, this.#bytes / Math.max(1, this.#came))
    const window = Math.max(FEWEST_PARTS, Math.min(MOST_PARTS, Math.floor(WINDOW_BYTES / size)))
    const upTo = this.#taken + window
    if (upTo - this.#allowed < window / 2) return undefined
    this.#allowed = upTo
    return upTo
  }
}
