/**
 * The deadlines of many calls by one timer: to set and to clear one costs no timer of its own. In steps of {@link STEP_MS}.
 */
import type { Clock } from '@troupe/core'

/** A deadline may be told so much late, in ms; never early. */
const STEP_MS = 5
/** A timer of Node waits no longer than this, in ms: what is later is looked at again then. */
const LONGEST_MS = 2 ** 31 - 1

/** One deadline that was set. Its neighbours are those of the same step; it lets go of them when it is cleared. */
export interface Deadline<Call> {
  call: Call | undefined
  readonly step: number
  before: Deadline<Call> | undefined
  after: Deadline<Call> | undefined
}

export class Deadlines<Call> {
  readonly #clock: Clock
  readonly #expired: (call: Call) => void
  /** The first of each step. */
  readonly #steps = new Map<number, Deadline<Call>>()
  #timer: unknown
  #timerStep = Number.POSITIVE_INFINITY

  constructor(clock: Clock, expired: (call: Call) => void) {
    this.#clock = clock
    this.#expired = expired
  }

  /** Tells `call` at `atMs`, by the clock, unless it is cleared before. */
  set(call: Call, atMs: number): Deadline<Call> {
    const step = Math.ceil(atMs / STEP_MS)
    const after = this.#steps.get(step)
    const deadline: Deadline<Call> = { call, step, before: undefined, after }
    if (after !== undefined) after.before = deadline
    this.#steps.set(step, deadline)
    if (step < this.#timerStep) this.#arm(step)
    return deadline
  }

  /** Forgets a deadline. Its timer stays, for those that come. Idempotent. */
  clear(deadline: Deadline<Call>): void {
    if (deadline.call === undefined) return
    const { before, after, step } = deadline
    if (after !== undefined) after.before = before
    if (before !== undefined) before.after = after
    else if (after !== undefined) this.#steps.set(step, after)
    else this.#steps.delete(step)
    release(deadline)
  }

  /** Forgets all. */
  close(): void {
    for (const first of this.#steps.values())
      for (let one = first; ; ) {
        const { after } = one
        release(one)
        if (after === undefined) break
        one = after
      }
    this.#steps.clear()
    this.#clock.clearTimeout(this.#timer)
    this.#timerStep = Number.POSITIVE_INFINITY
  }

  #arm(step: number): void {
    this.#clock.clearTimeout(this.#timer)
    this.#timerStep = step
    const leftMs = Math.max(0, step * STEP_MS - this.#clock.now())
    this.#timer = this.#clock.setTimeout(() => this.#expire(), Math.min(leftMs, LONGEST_MS))
  }

  #expire(): void {
    this.#timerStep = Number.POSITIVE_INFINITY
    const now = this.#clock.now()
    const due = [...this.#steps.keys()].filter((step) => step * STEP_MS <= now).sort((a, b) => a - b)
    for (const step of due) {
      for (let next = this.#steps.get(step); next !== undefined; next = this.#steps.get(step)) {
        const call = next.call!
        this.clear(next)
        this.#expired(call)
      }
    }
    if (this.#steps.size > 0) this.#arm(Math.min(...this.#steps.keys(), this.#timerStep))
  }
}

function release(deadline: Deadline<unknown>): void {
  deadline.call = undefined
  deadline.before = undefined
  deadline.after = undefined
}
