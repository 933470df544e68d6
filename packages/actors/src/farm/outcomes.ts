/**
 * What becomes of a task when a try of it has ended: it is settled, or tried again, now or later; and whose turn comes then.
 */
import { type BackoffOptions, backoffDelayMs, type Clock } from '@troupe/core'
import type { z } from 'zod'
import { type Failure, failureError } from './failure.js'
import { InvalidOutputError, TaskPoisonedError, WorkerLostError } from './farm-errors.js'
import { KeyChains } from './key-chains.js'
import type { Entry, TaskOwner } from './ledger.js'
import { Resting } from './resting.js'

/** A task that kills its worker this often, while it is alone on it, is given up. */
const MAX_DEATHS = 3

export interface OutcomeTerms {
  readonly backoff: z.output<typeof BackoffOptions>
  readonly onWorkerLost: 'redeliver' | 'fail'
}

export interface OutcomePort {
  /** A task may be given to a worker. */
  ready(entry: Entry): void
  /** A task that might have been given to a worker is settled. */
  withdrawn(entry: Entry): void
  /** A task that had a second run beside it, or was that second run, is settled. */
  parted(entry: Entry, twin: Entry): void
}

export interface DispatchCounts {
  dispatched: number
  done: number
  failed: number
  retried: number
  redelivered: number
  cancelled: number
  /** Second runs that were begun beside a first. */
  speculated: number
}

export type Ending = 'done' | 'failed' | 'cancelled'

/** How a task ended: with a value, or with a reason. */
export interface Outcome {
  readonly value?: unknown
  readonly reason?: Error
  readonly count: Ending
}

export class Outcomes {
  readonly counts: DispatchCounts = {
    ...{ dispatched: 0, done: 0, failed: 0, retried: 0, redelivered: 0, cancelled: 0, speculated: 0 },
  }
  readonly #terms: OutcomeTerms
  readonly #port: OutcomePort
  readonly #random: () => number
  readonly #chains = new KeyChains()
  readonly #resting: Resting

  constructor(terms: OutcomeTerms, port: OutcomePort, clock: Clock, random: () => number) {
    this.#terms = terms
    this.#port = port
    this.#random = random
    this.#resting = new Resting(clock)
  }

  /** Tasks that wait for their next try, or for another of their key. */
  get waiting(): number {
    return this.#resting.size + this.#chains.waiting
  }

  /** A task was accepted: true if it may be given to a worker now. */
  mayBegin(entry: Entry): boolean {
    return entry.orderKey === undefined || this.#chains.enter(entry)
  }

  /** An output came: it is parsed here, so that transforms and defaults of its schema run once, at the receiver. */
  gave(entry: Entry, value: unknown): void {
    const parsed = entry.line.parseOutput(value)
    if (entry.owner.keepsOutputs === true) entry.raw = value
    if (parsed.ok) this.#settle(entry, parsed.value, undefined, 'done')
    else this.reject(entry, new InvalidOutputError(entry.facts(), parsed.why))
  }

  /** A try failed. */
  failed(entry: Entry, failure: Failure): void {
    // The worker's own stop cancelled it; the farm did not: it runs elsewhere.
    if (failure.kind === 'cancelled') {
      if (mayRunAgain(entry)) return this.#again(entry, 0)
      return this.reject(entry, new WorkerLostError(entry.facts(), new Error('its worker was stopped')))
    }
    entry.failures++
    if (entry.failures > entry.retries || !mayRunAgain(entry))
      return this.reject(entry, failureError(failure, entry.facts()))
    this.counts.retried++
    this.#again(entry, backoffDelayMs(this.#terms.backoff, entry.failures, this.#random))
  }

  /** The worker of a try is gone. `verdict`: how the try had failed already. */
  bereaved(entry: Entry, cause: Error, verdict: Failure | undefined): void {
    if (entry.state === 'done') return this.released(entry)
    if (verdict !== undefined) return this.failed(entry, verdict)
    if (entry.deaths >= MAX_DEATHS) return this.reject(entry, new TaskPoisonedError(entry.facts(), entry.deaths, cause))
    if (this.#terms.onWorkerLost === 'fail' || !mayRunAgain(entry)) {
      return this.reject(entry, new WorkerLostError(entry.facts(), cause))
    }
    this.counts.redelivered++
    entry.suspect = true
    this.#again(entry, 0)
  }

  reject(entry: Entry, reason: Error): void {
    this.#settle(entry, undefined, reason, 'failed')
  }

  /** Settles a task that was taken out of whatever had it. */
  abandon(entry: Entry, reason: Error): void {
    this.#settle(entry, undefined, reason, 'cancelled')
  }

  /** Ends a task before its time, wherever it is. */
  end(entry: Entry, { value, reason, count }: Outcome): void {
    const was = entry.state
    entry.state = 'done'
    if (was === 'pending') this.#port.withdrawn(entry)
    else if (was === 'blocked') this.#chains.noteSettled(entry)
    else if (was === 'waiting') this.#resting.end(entry)
    this.#conclude(entry, was, value, reason, count)
  }

  /** A task is settled and no worker is at it any more: the next of its key may go. */
  released(entry: Entry): void {
    const next = entry.orderKey === undefined ? undefined : this.#chains.leave(entry)
    if (next !== undefined) this.#port.ready(next)
  }

  /** Those of one owner that wait here. */
  of(owner: TaskOwner): Entry[] {
    return [...this.#resting.of(owner), ...this.#chains.of(owner)]
  }

  /** Takes all that wait here. */
  takeAll(): Entry[] {
    return [...this.#resting.takeAll(), ...this.#chains.takeAll()]
  }

  /** Puts a task back, now or after a delay. */
  #again(entry: Entry, delayMs: number): void {
    if (entry.state === 'held') entry.owner.unheld++
    if (delayMs > 0) return this.#resting.rest(entry, delayMs, () => this.#again(entry, 0))
    entry.state = 'pending'
    this.#port.ready(entry)
  }

  #settle(entry: Entry, value: unknown, reason: Error | undefined, count: Ending): void {
    if (entry.state === 'done') return
    const was = entry.state
    entry.state = 'done'
    this.#conclude(entry, was, value, reason, count)
  }

  /** Tells how a task ended, whose state says so already. */
  #conclude(entry: Entry, was: Entry['state'], value: unknown, reason: Error | undefined, count: Ending): void {
    if (was !== 'held') entry.owner.unheld--
    entry.value = value
    entry.reason = reason
    if (!entry.isSpare) this.counts[count]++
    if (entry.holder === undefined) this.released(entry)
    const { twin } = entry
    entry.owner.settled(entry)
    if (twin !== undefined) this.#port.parted(entry, twin)
  }
}

const mayRunAgain = (entry: Entry): boolean => entry.owner.updates?.again(entry) ?? true
