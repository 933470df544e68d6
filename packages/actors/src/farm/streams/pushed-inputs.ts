/**
 * Inputs that one side pushes and a map reads: what is pushed waits until it is read, so the map sets the pace.
 */
import { type Deferred, deferred } from '@troupe/core'

/** Is called once all that was offered is read, or with the reason why it will not be. */
export type Taken = (error?: Error | null) => void

export class PushedInputs implements AsyncIterableIterator<unknown> {
  #values: readonly unknown[] = []
  #at = 0
  #taken: Taken | undefined
  #reader: Deferred<IteratorResult<unknown>> | undefined
  #end: { readonly failure?: { readonly error: unknown } } | undefined;

  [Symbol.asyncIterator](): this {
    return this
  }

  /** Offers some more. One offer at a time: the next comes after `taken`. */
  offer(values: readonly unknown[], taken: Taken): void {
    this.#values = values
    this.#at = 0
    this.#taken = taken
    this.#wakeReader()
  }

  /** There are no more. */
  end(): void {
    this.#end ??= {}
    this.#wakeReader()
  }

  /** There will be no more, for a reason that the reader is told. What was offered and not read is dropped. */
  fail(error: unknown): void {
    this.#end ??= { failure: { error } }
    this.#values = []
    this.#wakeReader()
    this.#settle(error instanceof Error ? error : new Error(String(error)))
  }

  next(): Promise<IteratorResult<unknown>> {
    if (this.#at < this.#values.length) {
      const value = this.#values[this.#at++]
      if (this.#at === this.#values.length) this.#settle()
      return Promise.resolve({ done: false, value })
    }
    const { failure } = this.#end ?? {}
    if (failure !== undefined) return Promise.reject(failure.error)
    if (this.#end !== undefined) return Promise.resolve({ done: true, value: undefined })
    this.#reader = deferred()
    return this.#reader.promise
  }

  return(): Promise<IteratorResult<unknown>> {
    this.end()
    return Promise.resolve({ done: true, value: undefined })
  }

  #settle(error?: Error): void {
    const taken = this.#taken
    this.#taken = undefined
    taken?.(error)
  }

  #wakeReader(): void {
    const reader = this.#reader
    this.#reader = undefined
    if (reader !== undefined) this.next().then(reader.resolve, reader.reject)
  }
}
