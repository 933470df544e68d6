/**
 * Reads one thing for many who ask at once, where each must know of what was changed before it asked.
 */

/** Who asks waits for a reading that began after; those that wait share it, and there is one at a time. */
export class SharedReading<T> {
  readonly #read: () => Promise<T>
  #reading: Promise<T> | undefined
  #next: Promise<T> | undefined

  constructor(read: () => Promise<T>) {
    this.#read = read
  }

  /** @throws what the reading throws */
  get(): Promise<T> {
    if (this.#next !== undefined) return this.#next
    if (this.#reading === undefined) return this.#begin()
    const begin = () => this.#begin()
    this.#next = this.#reading.then(begin, begin)
    return this.#next
  }

  #begin(): Promise<T> {
    this.#next = undefined
    const reading = this.#read()
    this.#reading = reading
    const ended = () => {
      this.#reading = undefined
    }
    reading.then(ended, ended)
    return reading
  }
}
