/**
 * The end of what takes nothing more and finishes what it has.
 */
import { ClosedError, type Deferred, deferred } from '@troupe/core'

export class Drain {
  readonly #what: string
  readonly #isEmpty: () => boolean
  #drained: Deferred<void> | undefined

  /** `isEmpty` says whether all is finished. */
  constructor(what: string, isEmpty: () => boolean) {
    this.#what = what
    this.#isEmpty = isEmpty
  }

  get isDraining(): boolean {
    return this.#drained !== undefined
  }

  /** @throws {ClosedError} `CLOSED` once it takes nothing more */
  assertTaking(): void {
    if (this.isDraining) throw new ClosedError(this.#what, 'it is draining')
  }

  /** Takes nothing more from now on. Resolves when all is finished, when `ended` does, or after `timeoutMs`. */
  async begin(ended: Promise<unknown>, timeoutMs: number | undefined): Promise<void> {
    this.#drained ??= deferred()
    const drained = this.#drained
    this.look()
    const timer = timeoutMs ? setTimeout(() => drained.resolve(), timeoutMs) : undefined
    await Promise.race([drained.promise, ended])
    clearTimeout(timer)
  }

  /** Something was finished. */
  look(): void {
    if (this.#drained !== undefined && this.#isEmpty()) this.#drained.resolve()
  }
}
