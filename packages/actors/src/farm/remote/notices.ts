/**
 * What is told of a farm that is waited for: once, though each of many workers finds it out.
 */
import type { JoinNotice } from './join.options.js'

export class Notices {
  readonly #tell: ((notice: JoinNotice) => void) | undefined
  /** That the farm is lost was said, and not yet that it is there again. */
  #isLost = false
  /** What was said last. */
  #why: string | undefined

  constructor(tell: ((notice: JoinNotice) => void) | undefined) {
    this.#tell = tell
  }

  /** It cannot be joined, or not yet: said again when that has another reason. */
  waiting(why: string): void {
    if (why === this.#why) return
    this.#why = why
    this.#tell?.({ type: 'waiting', why })
  }

  lost(why: string): void {
    if (this.#isLost) return
    this.#isLost = true
    this.#why = why
    this.#tell?.({ type: 'lost', why })
  }

  joined(): void {
    this.#isLost = false
    this.#why = undefined
    this.#tell?.({ type: 'joined' })
  }
}
