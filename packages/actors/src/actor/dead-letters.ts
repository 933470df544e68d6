/**
 * Messages that nobody took: counted, told to who listens, and to the tree.
 */
import type { DeadLetter, DeadLetterReason, Letter } from './letter.js'
import type { Place } from './place.js'

export interface DeadLettersTerms {
  readonly name: string
  readonly place: Place | undefined
  /** The message of a letter that is in the mailbox. */
  read(message: unknown): unknown
  /** Told what a listener throws. */
  failed(error: unknown): void
}

export class DeadLetters {
  readonly #terms: DeadLettersTerms
  readonly #listeners = new Set<(letter: DeadLetter) => void>()
  #count = 0

  constructor(terms: DeadLettersTerms) {
    this.#terms = terms
  }

  get count(): number {
    return this.#count
  }

  listen(listener: (letter: DeadLetter) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Takes what was in the mailbox as it was there. */
  addLetter(reason: DeadLetterReason, { kind, message }: Letter): void {
    const isHeard = this.#listeners.size > 0 || this.#terms.place !== undefined
    this.add(reason, isHeard && kind !== 'notice' ? this.#terms.read(message) : message)
  }

  add(reason: DeadLetterReason, message: unknown): void {
    this.#count++
    const { name, place } = this.#terms
    this.#tell({ path: place?.path ?? name, reason, message })
  }

  #tell(letter: DeadLetter): void {
    this.#terms.place?.tree.dead(letter)
    for (const listener of this.#listeners) {
      try {
        listener(letter)
      } catch (error) {
        this.#terms.failed(error)
      }
    }
  }
}
