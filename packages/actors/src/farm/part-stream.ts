/**
 * The parts of one task, as a reader takes them.
 */
import { AbortedError, type Deferred, deferred } from '@troupe/core'
import type { z } from 'zod'
import { callListener } from '../actor/call-listener.js'
import type { Entry } from './ledger.js'
import { FIRST_PARTS, PartCredit } from './part-credit.js'
import type { Progress } from './progress.js'
import { Submitted } from './submitted.js'
import { checkParts, failTask, type UpdateFacts, type UpdatePort } from './update-calls.js'
import type { UpdateSink, Wants } from './update-sink.js'

export interface StreamTerms extends UpdatePort {
  readonly partial: z.ZodType
  readonly signal: AbortSignal | undefined
  readonly onProgress: ((progress: Progress, facts: UpdateFacts) => void) | undefined
  readonly onRestart: ((attempt: number) => void) | undefined
}

/** An iterator of the parts of a task, in their order, and beside it its output. */
export interface TaskStream<Part, Output> extends AsyncIterableIterator<Part> {
  /** Resolves with the output. Parts that nobody takes hold the task up: without its parts, `submit` it. */
  readonly result: Promise<Output>
}

export class PartStream extends Submitted implements TaskStream<unknown, unknown>, UpdateSink {
  readonly result: Promise<unknown>
  override readonly updates = this
  readonly wants: Wants
  /** Aborts when the caller's signal does, or the reader breaks off. */
  readonly aborter = new AbortController()
  readonly #terms: StreamTerms
  #entry: Entry | undefined
  #queue: unknown[] = []
  #given = 0
  #restart: { readonly entry: Entry; readonly attempt: number } | undefined
  #credit = new PartCredit()
  #waiter: Deferred<void> | undefined
  #end: { readonly reason: Error | undefined } | undefined
  readonly #onAbort = () => this.aborter.abort(this.#terms.signal?.reason)

  constructor(terms: StreamTerms) {
    const { promise, resolve, reject } = deferred<unknown>()
    super(
      (value) => this.#ended(undefined, () => resolve(value)),
      (reason) => this.#ended(reason as Error, () => reject(reason)),
    )
    this.result = promise
    // Whoever reads the parts is told of it there.
    promise.catch(() => undefined)
    this.#terms = terms
    this.wants = { parts: FIRST_PARTS, progress: terms.onProgress !== undefined }
    if (terms.signal?.aborted === true) this.#onAbort()
    else terms.signal?.addEventListener('abort', this.#onAbort)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<unknown>> {
    this.#tellRestart()
    while (this.#queue.length === 0) {
      if (this.#end !== undefined) {
        const { reason } = this.#end
        this.#end = { reason: undefined }
        if (reason !== undefined) throw reason
        return { done: true, value: undefined }
      }
      this.#waiter ??= deferred()
      await this.#waiter.promise
      this.#tellRestart()
    }
    return { done: false, value: this.#take() }
  }

  async return(): Promise<IteratorResult<unknown>> {
    this.#queue = []
    this.aborter.abort(new AbortedError('a stream', 'its reader stopped reading'))
    this.#end = { reason: undefined }
    this.#wake()
    return { done: true, value: undefined }
  }

  parts(entry: Entry, values: readonly unknown[], bytes: number): void {
    this.#entry = entry
    const parts = checkParts(entry, values, this.#terms.partial, this.#credit.came(values.length, bytes))
    if (parts instanceof Error) return this.#terms.fail(entry, parts)
    this.#queue.push(...parts)
    this.#wake()
  }

  progress(entry: Entry, progress: Progress): void {
    const facts = { index: entry.number, attempt: entry.attempts }
    this.#call(entry, () => this.#terms.onProgress?.(progress, facts))
  }

  /** Parts that nobody has taken are forgotten; what was taken cannot be, unless its reader knows what to do. */
  again(entry: Entry): boolean {
    if (this.#given > 0 && this.#terms.onRestart === undefined) return false
    this.#queue = []
    this.#credit = new PartCredit()
    if (this.#given > 0) this.#restart = { entry, attempt: entry.attempts + 1 }
    this.#given = 0
    this.#wake()
    return true
  }

  /** Told when the reader asks for more: then it has all that it was given. */
  #tellRestart(): void {
    const restart = this.#restart
    this.#restart = undefined
    if (restart === undefined) return
    this.#call(restart.entry, () => this.#terms.onRestart?.(restart.attempt))
  }

  #call(entry: Entry, call: () => unknown): void {
    callListener(call, (error) => failTask(this.#terms, entry, error))
  }

  #take(): unknown {
    this.#given++
    const part = this.#queue.shift()
    const upTo = this.#credit.took(1)
    if (upTo !== undefined && this.#entry !== undefined && this.#end === undefined) this.#terms.allow(this.#entry, upTo)
    return part
  }

  #ended(reason: Error | undefined, settle: () => void): void {
    this.#terms.signal?.removeEventListener('abort', this.#onAbort)
    this.#end ??= { reason }
    settle()
    this.#wake()
  }

  #wake(): void {
    const waiter = this.#waiter
    this.#waiter = undefined
    waiter?.resolve()
  }
}
