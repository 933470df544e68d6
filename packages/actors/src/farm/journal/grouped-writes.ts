/**
 * Writes in order, one at a time; what comes while one is under way goes out in the next, together.
 */
import { type Deferred, deferred } from '@troupe/core'

interface Write<Operation> {
  readonly operations: readonly Operation[]
  readonly written: Deferred<void>
}

/** So many go together at most: what they need of memory is bounded. */
const MAX_GROUP = 64

/**
 * After a failure nothing is written any more: whatever came after half a write would be lost with it.
 */
export class GroupedWrites<Operation> {
  readonly #write: (operations: Operation[]) => Promise<void>
  #waiting: Write<Operation>[] = []
  #running: Promise<void> | undefined
  #failure: { readonly error: unknown } | undefined

  /** `write` writes all of the operations or none. */
  constructor(write: (operations: Operation[]) => Promise<void>) {
    this.#write = write
  }

  get hasFailed(): boolean {
    return this.#failure !== undefined
  }

  /** Resolves once all of them are written; rejects with the error of the write that failed first. */
  add(operations: readonly Operation[]): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure.error)
    const written = deferred<void>()
    this.#waiting.push({ operations, written })
    this.#running ??= this.#run()
    return written.promise
  }

  /** Waits until nothing is left to be written. */
  async settled(): Promise<void> {
    await this.#running
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0, MAX_GROUP)
      try {
        await this.#write(group.flatMap(({ operations }) => operations))
        for (const { written } of group) written.resolve()
      } catch (error) {
        this.#failure = { error }
        for (const { written } of [...group, ...this.#waiting.splice(0)]) written.reject(error)
      }
    }
    this.#running = undefined
  }
}
