/**
 * Messages that nobody took: counted, told to who listens, and to the tree.
 */
import type { DeadLetter, DeadLetterReason, Letter } from './letter.js'
import { unpack } from './packing.js'
import type { Place } from './place.js'

export class DeadLetters {
  readonly #path: string
  readonly #place: Place | undefined
  readonly #listeners = new Set<(letter: DeadLetter) => void>()
  readonly #failed: (error: unknown) => void
  #count = 0

  /** `failed` is told what a listener throws. */
  constructor(name: string, place: Place | undefined, failed: (error: unknown) => void) {
    this.#path = place?.path ?? name
    this.#place = place
    this.#failed = failed
  }

  get count(): number {
    return this.#count
  }

  listen(listener: (letter: DeadLetter) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Takes what was in the mailbox as it was there. */
  addLetter(reason: DeadLetterReason, { message }: Letter): void {
    this.#count++
    if (this.#listeners.size === 0 && this.#place === undefined) return
    this.#tell({ path: this.#path, reason, message: message instanceof Uint8Array ? unpack(message) : message })
  }

  add(reason: DeadLetterReason, message: unknown): void {
    this.#count++
    this.#tell({ path: this.#path, reason, message })
  }

  #tell(letter: DeadLetter): void {
    this.#place?.tree.dead(letter)
    for (const listener of this.#listeners) {
      try {
        listener(letter)
      } catch (error) {
        this.#failed(error)
      }
    }
  }
}
