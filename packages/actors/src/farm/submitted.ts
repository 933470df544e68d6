/**
 * Who waits for the outcome of a submit: one caller, or all that share a task by its `dedupeKey`.
 */
import type { Entry, TaskOwner } from './ledger.js'
import type { UpdateSink } from './update-sink.js'

/** The caller of one `submit`. */
export class Submitted implements TaskOwner {
  unheld = 0
  readonly updates: UpdateSink | undefined
  readonly #resolve: (value: unknown) => void
  readonly #reject: (reason: unknown) => void
  #stopWatching: (() => void) | undefined

  constructor(resolve: (value: unknown) => void, reject: (reason: unknown) => void, updates?: UpdateSink) {
    this.updates = updates
    this.#resolve = resolve
    this.#reject = reject
  }

  settled({ value, reason }: Entry): void {
    if (reason !== undefined) return this.fail(reason)
    this.#stopWatching?.()
    this.#resolve(value)
  }

  fail(reason: Error): void {
    this.#stopWatching?.()
    this.#reject(reason)
  }

  /** Calls `stop` when it has its outcome. */
  watchedBy(stop: () => void): void {
    this.#stopWatching = stop
  }
}

/** The callers of one task. */
export class Shared implements TaskOwner {
  unheld = 0
  readonly updates: UpdateSink | undefined
  readonly callers = new Set<Submitted>()
  readonly #ended: () => void

  /** `ended` is called when the task is settled, before its callers are told. `updates`: of the first of them. */
  constructor(ended: () => void, updates: UpdateSink | undefined) {
    this.updates = updates
    this.#ended = ended
  }

  settled(entry: Entry): void {
    this.#ended()
    for (const caller of this.callers) caller.settled(entry)
  }
}
