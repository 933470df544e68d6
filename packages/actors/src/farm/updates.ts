/**
 * What the running tasks of a worker say before their end, gathered into few frames: their parts, all, and their progress,
 * the newest.
 */
import type { Progress } from './progress.js'
import type { UpdateBody } from './wire.js'

/** Progress is sent no more often than this, in ms. */
export const PROGRESS_EVERY_MS = 250

export interface UpdateTerms {
  /** Sends an update; returns the tasks whose parts cannot be encoded, which were left out, and why. */
  send(update: UpdateBody): readonly (readonly [ticket: number, why: string])[]
  refused(ticket: number, why: string): void
}

export class Updates {
  readonly #terms: UpdateTerms
  #parts = new Map<number, unknown[]>()
  #progress = new Map<number, Progress>()
  #flushing = false
  #progressedMs = Number.NEGATIVE_INFINITY
  #timer: NodeJS.Timeout | undefined

  constructor(terms: UpdateTerms) {
    this.#terms = terms
  }

  /** A part is sent with all that this turn brings. */
  part(ticket: number, value: unknown): void {
    const parts = this.#parts.get(ticket)
    if (parts === undefined) this.#parts.set(ticket, [value])
    else parts.push(value)
    if (this.#flushing) return
    this.#flushing = true
    setImmediate(() => {
      this.#flushing = false
      this.flush()
    })
  }

  /** Progress is sent at once if none was sent lately, even where the task leaves the event loop no turn. */
  progress(ticket: number, value: Progress): void {
    this.#progress.set(ticket, value)
    const dueMs = this.#progressedMs + PROGRESS_EVERY_MS - performance.now()
    if (dueMs <= 0) this.flush()
    else this.#timer ??= setTimeout(() => this.flush(), dueMs)
  }

  /** Sends what there is: before the results of the same tasks. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#parts.size === 0 && this.#progress.size === 0) return
    if (this.#progress.size > 0) this.#progressedMs = performance.now()
    const update = { parts: [...this.#parts], progress: [...this.#progress] }
    this.#parts = new Map()
    this.#progress = new Map()
    for (const [ticket, why] of this.#terms.send(update)) this.#terms.refused(ticket, why)
  }
}
