/**
 * The way of a submit to the dispatcher: it waits while the queue is full, joins a task that runs already, and is taken back when
 * its caller's signal aborts or its time is over.
 */
import { AbortedError, type Clock } from '@troupe/core'
import type { Deadlines } from '../actor/deadlines.js'
import type { Dispatcher } from './dispatcher.js'
import { TaskDeadlineError } from './farm-errors.js'
import type { Entry, TaskOwner } from './ledger.js'
import { Shared, type Submitted } from './submitted.js'

export interface AdmissionTerms {
  readonly maxQueued: number
  readonly dispatcher: Dispatcher
  readonly clock: Clock
  readonly deadlines: Deadlines<() => void>
}

/** What ends a submit before its task has an outcome. */
export interface CallerLimits {
  readonly signal?: AbortSignal | undefined
  readonly deadlineMs?: number | undefined
}

interface Flight {
  readonly shared: Shared
  readonly entry: Entry
}

type Leave = (reason: Error, count: 'cancelled' | 'failed') => void

export class Admission {
  readonly #terms: AdmissionTerms
  /** Those that wait for room in the queue, in order. */
  readonly #waiting = new Set<Entry>()
  readonly #flights = new Map<string, Flight>()

  constructor(terms: AdmissionTerms) {
    this.#terms = terms
  }

  /** How many tasks wait for room in the queue. */
  get waiting(): number {
    return this.#waiting.size
  }

  /** Admits the task of one caller. */
  admit(entry: Entry, caller: Submitted, limits: CallerLimits | undefined): void {
    if (limits === undefined) return this.#enter(entry)
    if (limits.signal?.aborted === true) return caller.fail(aborted(entry, limits.signal))
    this.#watch(entry, caller, { limits, leave: (reason, count) => this.#takeBack(entry, reason, count) })
    this.#enter(entry)
  }

  /** Lets a caller share the task under a name, which `make` makes if there is none. It ends with its last caller. */
  share(name: string, caller: Submitted, limits: CallerLimits, make: (owner: TaskOwner) => Entry): void {
    const known = this.#flights.get(name)
    const flight = known ?? this.#flight(name, caller, make)
    const { shared, entry } = flight
    if (limits.signal?.aborted === true) return caller.fail(aborted(entry, limits.signal))
    if (entry.state === 'done') return caller.settled(entry)
    shared.callers.add(caller)
    const leave: Leave = (reason, count) => {
      shared.callers.delete(caller)
      if (shared.callers.size === 0) this.#takeBack(entry, reason, count)
      caller.fail(reason)
    }
    this.#watch(entry, caller, { limits, leave })
    if (known !== undefined) return
    this.#flights.set(name, flight)
    this.#enter(entry)
  }

  /** Gives the dispatcher what it has room for. */
  admitWaiting(): void {
    const { dispatcher, maxQueued } = this.#terms
    for (const entry of this.#waiting) {
      if (dispatcher.pending >= maxQueued) return
      this.#waiting.delete(entry)
      dispatcher.accept(entry)
    }
  }

  /** Rejects all that wait for room. */
  abandon(reason: Error): void {
    for (const entry of this.#waiting) this.#takeBack(entry, reason, 'cancelled')
  }

  #flight(name: string, { updates }: Submitted, make: (owner: TaskOwner) => Entry): Flight {
    const shared = new Shared(() => this.#flights.delete(name), updates)
    return { shared, entry: make(shared) }
  }

  #enter(entry: Entry): void {
    const { dispatcher, maxQueued } = this.#terms
    if (this.#waiting.size === 0 && dispatcher.pending < maxQueued) dispatcher.accept(entry)
    else this.#waiting.add(entry)
  }

  #takeBack(entry: Entry, reason: Error, count: 'cancelled' | 'failed'): void {
    if (!this.#waiting.delete(entry)) return this.#terms.dispatcher.cancel(entry, reason, count)
    entry.state = 'done'
    entry.reason = reason
    this.#terms.dispatcher.counts[count]++
    entry.owner.settled(entry)
  }

  #watch(entry: Entry, caller: Submitted, { limits, leave }: { limits: CallerLimits; leave: Leave }): void {
    const { signal, deadlineMs = 0 } = limits
    const { clock, deadlines } = this.#terms
    const onAbort = () => leave(aborted(entry, signal!), 'cancelled')
    const onDeadline = () => leave(new TaskDeadlineError(entry.facts(), deadlineMs), 'failed')
    signal?.addEventListener('abort', onAbort)
    const deadline = deadlineMs > 0 ? deadlines.set(onDeadline, clock.now() + deadlineMs) : undefined
    caller.watchedBy(() => {
      signal?.removeEventListener('abort', onAbort)
      if (deadline !== undefined) deadlines.clear(deadline)
    })
  }
}

const aborted = (entry: Entry, { reason }: AbortSignal) =>
  new AbortedError(`task "${entry.line.name}" of input ${entry.facts().key}`, reason)
