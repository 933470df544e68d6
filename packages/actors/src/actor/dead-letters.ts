/**
 * Messages that nobody took: counted, told to who listens, and to the tree.
 */
import type { DeadLetter, DeadLetterReason, Letter } from './letter.js'
import type { Tree } from './place.js'
import type { PreparedCode } from './prepared-code.js'

export interface DeadLettersTerms {
  readonly path: string
  readonly tree: Tree | undefined
  readonly code: PreparedCode
  /** Told what a listener throws. */
  failed(error: unknown): void
}

export class DeadLetters {
  readonly #terms: DeadLettersTerms
  #listeners: Set<(letter: DeadLetter) => void> | undefined
  #count = 0

  constructor(terms: DeadLettersTerms) {
    this.#terms = terms
  }

  get count(): number {
    return this.#count
  }

  listen(listener: (letter: DeadLetter) => void): () => void {
    this.#listeners ??= new Set()
    this.#listeners.add(listener)
    return () => this.#listeners?.delete(listener)
  }

  /** Takes what was in the mailbox as it was there. */
  addLetter(reason: DeadLetterReason, { kind, message }: Letter): void {
    const isHeard = this.#listeners !== undefined || this.#terms.tree !== undefined
    this.add(reason, isHeard && kind !== 'notice' ? this.#terms.code.read(message) : message)
  }

  add(reason: DeadLetterReason, message: unknown): void {
    this.#count++
    this.#tell({ path: this.#terms.path, reason, message })
  }

  #tell(letter: DeadLetter): void {
    this.#terms.tree?.dead(letter)
    for (const listener of this.#listeners ?? []) {
      try {
        listener(letter)
      } catch (error) {
        this.#terms.failed(error)
      }
    }
  }
}
