/**
 * The farm's engine, sans-I/O: takes tasks, answers, deaths and ticks, and says through its port what to send, whom to
 * kill and when to be called again. The clock and the randomness are injected.
 */
import { type Clock, errorData, TroupeError } from '@troupe/core'
import type { Backlog } from './elastic.js'
import type { Failure } from './failure.js'
import { InvalidInputError, UnroutableError } from './farm-errors.js'
import type { Entry, Holder, TaskOwner } from './ledger.js'
import { Measures } from './measures.js'
import { type DispatchCounts, type Outcome, Outcomes, type OutcomeTerms } from './outcomes.js'
import { Placement } from './placement.js'
import { isOpen, type Seat, type Seated, seatOf, suits } from './seat.js'
import { overrun } from './seat-limits.js'
import { Speculation } from './speculation.js'
import type { ResultsBody, UpdateBody } from './wire.js'

export type { Seat } from './seat.js'

const MAX_TIMER_MS = 2 ** 31 - 1
/** What is sent before the end of a turn is no less than this: small frames cost more than they gain. */
const EARLY_TASKS = 64
/** The same for each of many workers. */
const EARLY_EACH = 32

/** Of tasks that cost this or more, in ms, it is seen how fast each worker is. */
const SPEED_FROM_MS = 0.5
/** No worker is taken to be slower or faster than this, beside what tasks are estimated to cost. */
const MAX_SLOWNESS = 16

/** What the engine has done by others. */
export interface DispatchPort {
  /** Sends tasks. Returns the bytes of the frame, and those entries that cannot be encoded, which were not sent. */
  send(
    seat: Seat,
    firstTicket: number,
    entries: readonly Entry[],
  ): { bytes: number; refused: ReadonlyMap<Entry, unknown> }
  /** Tells a worker that tries are not wanted any more. */
  cancel(seat: Seat, tickets: readonly number[]): void
  /** Tells a worker up to which part a try may go. */
  allow(seat: Seat, ticket: number, upTo: number): void
  /** Kills a worker that does not answer; its death is then reported by `lost`. */
  kill(seat: Seat, why: string): void
  /** Asks for a `flush` at the end of this turn of the event loop. */
  flushSoon(): void
  /** The tags of each kind of worker that there is or may be; undefined when there may be any. */
  routes(): readonly ReadonlySet<string>[] | undefined
}

export interface DispatchTerms extends OutcomeTerms {
  readonly concurrency: number
  readonly graceMs: number
  /** A worker that holds tasks and says nothing for longer is killed; 0 for never. */
  readonly hangMs: number
}

export class Dispatcher {
  /** Whose stragglers may run twice. */
  readonly speculation = new Speculation()
  readonly measures: Measures
  readonly #terms: DispatchTerms
  readonly #port: DispatchPort
  readonly #clock: Clock
  readonly #placement: Placement
  readonly #outcomes: Outcomes
  readonly #seats = new Map<Holder, Seat>()
  #isPaused = false
  #held = 0
  #accepted = 0
  #againMs = Number.POSITIVE_INFINITY
  #againTimer: unknown
  #lastTicket = 0
  /** What the emptiest worker holds, as far as it is known without a look at each. */
  #least = 0
  /** With so many pending the emptiest worker would get its whole share: they need not wait for the end of the turn. */
  #early = Number.POSITIVE_INFINITY

  constructor(terms: DispatchTerms, port: DispatchPort, clock: Clock, random: () => number = Math.random) {
    this.#terms = terms
    this.#port = port
    this.#clock = clock
    this.measures = new Measures(clock)
    this.#outcomes = new Outcomes(
      terms,
      {
        ready: (entry) => this.#ready(entry),
        withdrawn: (entry) => this.#placement.noteSettled(entry),
        parted: (entry, twin) => this.#parted(entry, twin),
      },
      clock,
      random,
    )
    this.#placement = new Placement(terms, (seat, entries) => this.#give(seat, entries))
  }

  get counts(): DispatchCounts {
    return this.#outcomes.counts
  }

  /** Tasks that no worker has: queued, suspect, or waiting for their next try or for another of their key. */
  get pending(): number {
    const { pending, suspects } = this.#placement
    return pending.size + suspects.size + this.#outcomes.waiting
  }

  /** Tasks that workers have. */
  get held(): number {
    return this.#held
  }

  /**
   * Accepts a task. It is sent at once when nothing else is under way, else with all others of this turn. When a turn
   * brings the answers of several workers, the share of the first to answer does not wait for what the others let in:
   * else all would wait for each other, in step.
   */
  accept(entry: Entry): void {
    const idle = this.#held === 0 && this.pending === 0
    entry.owner.unheld++
    entry.sequence = ++this.#accepted
    this.measures.accepted(entry, this.#placement.pending.size)
    if (entry.routing !== undefined && !this.#isRoutable(entry)) return
    if (!this.#outcomes.mayBegin(entry)) return
    this.#placement.push(entry)
    if ((idle && this.#seats.size > 0) || this.#placement.pending.size >= this.#early) this.flush()
    else this.#port.flushSoon()
  }

  /** Tasks that wait and that no worker has room for, by the tags that they ask for. */
  backlogs(): Backlog[] {
    return this.#isPaused ? [] : this.#placement.backlogs(this.#clock.now())
  }

  /** A worker has joined and takes tasks. */
  join(seated: Partial<Seated> & Pick<Seated, 'id'>): Seat {
    const seat = seatOf({ slots: this.#terms.concurrency, ...seated }, this.#clock.now())
    this.#seats.set(seat.holder, seat)
    this.#least = 0
    this.#port.flushSoon()
    return seat
  }

  /** Something came from a worker: it lives and its event loop turns. */
  heard(seat: Seat): void {
    seat.lastHeardMs = this.#clock.now()
  }

  /** A worker answered. `bytes` is the size of the answer. Tickets that it does not hold are late and are dropped. */
  answered(seat: Seat, results: ResultsBody, bytes: number): void {
    if (!this.#seats.has(seat.holder)) return
    this.heard(seat)
    let line: Entry['line'] | undefined
    let count = 0
    for (const [firstTicket, values] of results.outputs) {
      for (let index = 0; index < values.length; index++) {
        const entry = this.#release(seat, firstTicket + index)
        if (entry === undefined) continue
        line = entry.line
        count++
        seat.done++
        this.#outcomes.gave(entry, values[index])
      }
    }
    for (const [ticket, failure] of results.failures) {
      if (this.#goesOn(seat, ticket, failure)) continue
      const entry = this.#release(seat, ticket)
      if (entry === undefined) continue
      line ??= entry.line
      count++
      seat.failed++
      this.#outcomes.failed(entry, failure)
    }
    if (line !== undefined) noteSpeed(seat, line.pace.costMs, results.busyMs / count)
    if (line !== undefined) this.speculation.answered(line.name, results)
    line?.pace.answered(count, results.busyMs, bytes)
    this.measures.answered(results, this.counts.done + this.counts.failed)
    if (seat.holder.held === 0) seat.alone = false
    this.#least = Math.min(this.#least, seat.holder.held)
    this.#setEarly()
    this.#port.flushSoon()
  }

  /** A worker told what its tasks say before their end. What is not of a try that it has is late and is dropped. */
  updated(seat: Seat, update: UpdateBody, bytes: number): void {
    if (!this.#seats.has(seat.holder)) return
    this.heard(seat)
    for (const [ticket, values] of update.parts) {
      const entry = seat.holder.at(ticket)
      if (entry?.state === 'held') entry.owner.updates?.parts(entry, values, bytes / update.parts.length)
    }
    for (const [ticket, progress] of update.progress) {
      const entry = seat.holder.at(ticket)
      if (entry?.state === 'held') entry.owner.updates?.progress(entry, progress)
    }
  }

  /** The try that a task is in may go up to a part. */
  allow(entry: Entry, upTo: number): void {
    const seat = this.#seatOf(entry)
    if (seat !== undefined && entry.state === 'held') this.#port.allow(seat, entry.ticket, upTo)
  }

  /** A worker is gone: what it held goes to others, each alone, or fails, as the terms say. */
  lost(seat: Seat, cause: Error): void {
    if (!this.#seats.delete(seat.holder)) return
    const entries = seat.holder.releaseAll()
    this.#held -= entries.length
    const [only] = entries
    if (entries.length === 1 && only !== undefined && seat.condemned === undefined) only.deaths++
    for (const entry of entries) this.#outcomes.bereaved(entry, cause, seat.verdicts.get(entry.ticket))
    this.#port.flushSoon()
  }

  /** Ends a task before its time, and counts it so. A worker that runs it is told, and has `graceMs` to end it. */
  cancel(entry: Entry, reason: Error, count: 'failed' | 'cancelled' = 'cancelled'): void {
    this.#endEarly(entry, { reason, count })
  }

  /** Ends all tasks of an owner that are not settled. */
  cancelAll(owner: TaskOwner, reason: Error): void {
    const all = [...this.#outcomes.of(owner), ...this.#placement.of(owner)]
    for (const seat of this.#seats.values())
      for (const entry of seat.holder.entries()) if (entry.owner === owner) all.push(entry)
    for (const entry of all) this.cancel(entry, reason)
  }

  /** Looks after the limits of time. To be called every few tens of milliseconds while tasks are held. */
  tick(): void {
    const now = this.#clock.now()
    for (const seat of this.#seats.values()) {
      const over = overrun(seat, now, this.#terms)
      if (over?.kind === 'blocked') this.#blocked(seat, over.limitMs)
      else if (over !== undefined)
        this.#condemn(seat, `it did not end a cancelled task within ${this.#terms.graceMs} ms`)
    }
    this.#speculate()
  }

  /** Sends what can be sent. */
  flush(): void {
    if (!this.#isPaused) this.#place()
    this.#least = this.#leastHeld()
    this.#setEarly()
  }

  /** Gives nothing out until it resumes; what workers have goes on, with its limits of time. Idempotent. */
  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    this.#port.flushSoon()
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  #place(): void {
    const open = this.pending === 0 ? [] : [...this.#seats.values()].filter(isOpen)
    const again = this.#placement.place(open, this.#clock.now())
    if (again !== this.#againMs) this.#lookAgain(again)
  }

  /** Settles all that is not settled. */
  abandon(reason: Error): void {
    this.#lookAgain(Number.POSITIVE_INFINITY)
    const all = [...this.#outcomes.takeAll(), ...this.#placement.takeAll()]
    for (const seat of this.#seats.values()) all.push(...seat.holder.releaseAll())
    this.#held = 0
    for (const entry of all) this.#outcomes.abandon(entry, reason)
  }

  /** One timer for whatever a rate holds back. */
  #lookAgain(atMs: number): void {
    this.#clock.clearTimeout(this.#againTimer)
    this.#againMs = atMs
    if (atMs === Number.POSITIVE_INFINITY) return
    const leftMs = Math.min(MAX_TIMER_MS, Math.max(0, Math.ceil(atMs - this.#clock.now())))
    this.#againTimer = this.#clock.setTimeout(() => {
      this.#againMs = Number.POSITIVE_INFINITY
      this.#port.flushSoon()
    }, leftMs)
  }

  /** Refuses a task that would wait for ever. */
  #isRoutable(entry: Entry): boolean {
    const routes = this.#port.routes()
    if (routes === undefined || routes.some((tags) => suits(tags, entry.routing))) return true
    this.#outcomes.reject(entry, new UnroutableError(entry.facts(), entry.routing!.tags, routes))
    return false
  }

  #setEarly(): void {
    // A single worker has nobody to wait for.
    const others = this.#seats.size - 1
    const missing = others > 0 ? (this.#held - this.#seats.size * this.#least) / others : Number.POSITIVE_INFINITY
    const worthwhile = Math.max(EARLY_TASKS, EARLY_EACH * this.#seats.size)
    this.#early = Math.max(this.#placement.pending.size + worthwhile, missing)
  }

  #leastHeld(): number {
    let least = Number.POSITIVE_INFINITY
    for (const holder of this.#seats.keys()) least = Math.min(least, holder.held)
    return least
  }

  /** Begins second runs of stragglers, when no worker is needed for a first. */
  #speculate(): void {
    const { pending, suspects } = this.#placement
    if (this.#isPaused || pending.size + suspects.size > 0) return
    for (const { seat, spares } of this.speculation.due([...this.#seats.values()], this.#clock.now())) {
      this.counts.speculated += spares.length
      this.#give(seat, spares)
    }
  }

  /** One of two runs has ended: if it is the second, and gave something, that is the outcome of both. */
  #parted(entry: Entry, twin: Entry): void {
    entry.twin = undefined
    twin.twin = undefined
    if (!entry.isSpare) return this.cancel(twin, new TroupeError('ABORTED', 'the other run of the same was first'))
    if (entry.reason !== undefined) return
    twin.raw = entry.raw
    this.#endEarly(twin, { value: entry.value, count: 'done' })
  }

  #endEarly(entry: Entry, outcome: Outcome): void {
    if (entry.state === 'done') return
    const seat = this.#seatOf(entry)
    this.#outcomes.end(entry, outcome)
    // What it waited for may be free for others.
    this.#port.flushSoon()
    if (seat === undefined) return
    this.#port.cancel(seat, [entry.ticket])
    seat.unwanted.set(entry.ticket, this.#clock.now() + this.#terms.graceMs)
  }

  #ready(entry: Entry): void {
    this.#placement.push(entry)
    this.#port.flushSoon()
  }

  #give(seat: Seat, entries: readonly Entry[]): void {
    const { bytes, refused } = this.#port.send(seat, this.#lastTicket + 1, entries)
    const sent = refused.size === 0 ? entries : entries.filter((entry) => !refused.has(entry))
    if (sent.length > 0) this.#hold(seat, sent, bytes)
    // Last, for whoever is told may give more tasks at once, which take the next tickets.
    for (const [entry, cause] of refused) this.#outcomes.reject(entry, unencodable(entry, cause))
  }

  #hold(seat: Seat, sent: readonly Entry[], bytes: number): void {
    const nowMs = this.#clock.now()
    if (seat.holder.held === 0) seat.lastHeardMs = nowMs
    seat.holder.hold(this.#lastTicket + 1, sent, nowMs)
    this.#lastTicket += sent.length
    for (const entry of sent) {
      entry.owner.unheld--
      if (entry.stamp !== undefined) this.measures.sent(entry, entry.stamp)
    }
    this.#held += sent.length
    this.counts.dispatched += sent.length
    const { line, routing } = sent[0]!
    line.pace.sent(sent.length, bytes)
    if (routing !== undefined) for (const rate of routing.rates) rate.take(sent.length, nowMs)
  }

  #release(seat: Seat, ticket: number): Entry | undefined {
    const entry = seat.holder.release(ticket)
    if (entry === undefined) return undefined
    this.#held--
    if (seat.unwanted.size > 0) seat.unwanted.delete(ticket)
    if (entry.state !== 'done') return entry
    // It was cancelled while the worker had it: settled already.
    this.#outcomes.released(entry)
    return undefined
  }

  /**
   * Whether the end of a try must wait for that of its worker, without which it goes on: what comes after it in its order is
   * not to run beside it.
   */
  #goesOn(seat: Seat, ticket: number, failure: Failure): boolean {
    if (failure.kind !== 'timeout' || !failure.stuck) return false
    // Also of a task that was cancelled meanwhile: it still runs, and its place in the worker is lost.
    this.#condemnStuck(seat, failure.timeoutMs)
    if (seat.holder.at(ticket)?.orderKey === undefined) return false
    seat.verdicts.set(ticket, failure)
    return true
  }

  /** A worker is silent for longer than a limit allows: one of its tasks blocks its event loop. */
  #blocked(seat: Seat, limitMs: (entry: Entry) => number): void {
    // First, for whoever is told below may give more tasks at once, and this worker must not get them.
    this.#condemn(seat, 'a task blocked its event loop for longer than its limit')
    const [only, another] = seat.holder.entries()
    // With several it cannot be told which: each runs again alone, and then it can.
    if (only === undefined || another !== undefined || only.state !== 'held') return
    const failure: Failure = { kind: 'timeout', timeoutMs: limitMs(only), stuck: true }
    if (this.#goesOn(seat, only.ticket, failure)) return
    this.#release(seat, only.ticket)
    this.#outcomes.failed(only, failure)
  }

  #condemnStuck(seat: Seat, timeoutMs: number): void {
    this.#condemn(seat, `a task went on after its limit of ${timeoutMs} ms and a grace of ${this.#terms.graceMs} ms`)
  }

  #condemn(seat: Seat, why: string): void {
    if (seat.condemned !== undefined) return
    seat.condemned = why
    this.#port.kill(seat, why)
  }

  #seatOf({ holder }: Entry): Seat | undefined {
    return holder === undefined ? undefined : this.#seats.get(holder)
  }
}

const unencodable = (entry: Entry, cause: unknown): Error =>
  new InvalidInputError(entry.facts(), `cannot be encoded: ${errorData(cause).message}`, cause)

/** A worker's tasks took so long each, where they are estimated to cost so much: because of the worker, or of these tasks. */
function noteSpeed(seat: Seat, costMs: number | undefined, tookMs: number): void {
  if (costMs === undefined) return
  // Of shorter tasks the time is that of the machine's other work, and says nothing: what it said before is forgotten.
  const beside = costMs < SPEED_FROM_MS ? 1 : tookMs / costMs
  const slowness = Math.min(MAX_SLOWNESS, Math.max(1 / MAX_SLOWNESS, beside))
  seat.slowness = seat.slowness * 0.9 + slowness * 0.1
}
