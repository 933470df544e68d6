/**
 * The farm's ledger: every task is pending, held by one known worker under one ticket, or done. Pure: no I/O, no clock.
 */
import type { TaskFacts } from './farm-errors.js'
import type { Stamp } from './measures.js'
import type { Pace } from './pace.js'
import type { Routing } from './routing.js'
import type { UpdateSink } from './update-sink.js'

/** What a task of one name has in common. */
export interface TaskLine {
  readonly name: string
  readonly pace: Pace
  /** Parses what a worker gave. */
  parseOutput(value: unknown): Parsed
  /** What errors call an input. */
  keyOf(input: unknown, number: number): string
}

/** A value that fits its schema, or why it does not. */
export type Parsed = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly why: string }

/** Who gave a task and is told, once, how it ended: `reason` is set if it failed, else `value` is its output. */
export interface TaskOwner {
  /** How many of its tasks no worker has. The dispatcher counts. */
  unheld: number
  /** Whether it wants the inputs of its tasks as they were given, when they are settled. */
  readonly keepsInputs?: boolean
  /** Whether it wants their outputs as the wire had them too. */
  readonly keepsOutputs?: boolean
  /** Who is told what its tasks say before their end. */
  readonly updates?: UpdateSink | undefined
  settled(entry: Entry): void
}

/** A frame of tasks that was sent, from which their inputs can be read again. */
export interface SentFrame {
  inputAt(place: number): unknown
}

/** One task from its acceptance until it is settled. One object a task, of one shape: this is the path of the message. */
export class Entry {
  state: 'blocked' | 'pending' | 'held' | 'waiting' | 'done' = 'pending'
  /** Tries that were begun. */
  attempts = 0
  /** Tries that failed by the task's own doing. */
  failures = 0
  /** Workers that died while it was alone on them. */
  deaths = 0
  /** A worker died while it held this one among others: it runs alone until it is done. */
  suspect = false
  /** Set while it is held. */
  holder: Holder | undefined = undefined
  ticket = 0
  /** What it asks of its turn, if anything. */
  routing: Routing | undefined = undefined
  /** It runs after those of the same key that were given before it. */
  orderKey: string | undefined = undefined
  /** Which task it was among all that the dispatcher accepted. */
  sequence = 0
  /** When it was accepted, if its time in the queue is measured, until it is sent. */
  stamp: Stamp | undefined = undefined
  value: unknown = undefined
  reason: Error | undefined = undefined
  /** Its output as the wire had it, for an owner that keeps it. */
  raw: unknown = undefined
  /** It has an outcome, which does not count until its owner has written it. */
  unwritten = false
  /** The other run of the same, while both are under way. */
  twin: Entry | undefined = undefined
  /** It is the second of two runs: it counts for nothing but for its outcome. */
  isSpare = false
  #input: unknown
  #frame: SentFrame | undefined = undefined
  #place = 0

  constructor(
    readonly line: TaskLine,
    input: unknown,
    /** Its place in its map, or the number of its submit. */
    readonly number: number,
    readonly timeoutMs: number,
    readonly retries: number,
    readonly owner: TaskOwner,
  ) {
    this.#input = input
  }

  /** Its input; once it was sent, as the wire carries it. */
  get input(): unknown {
    return this.#frame === undefined ? this.#input : this.#frame.inputAt(this.#place)
  }

  /**
   * Its input is in a frame and need not be here too: of the tasks that wait for an answer there are many, and what is
   * held of each is what the collector of garbage copies again and again.
   */
  sentIn(frame: SentFrame, place: number): void {
    if (this.owner.keepsInputs === true) return
    this.#input = undefined
    this.#frame = frame
    this.#place = place
  }

  /** What errors say of it. */
  facts(): TaskFacts {
    return { task: this.line.name, key: this.line.keyOf(this.input, this.number), attempt: this.attempts }
  }
}

/** Tasks that went to a worker in one frame, under consecutive tickets. A slot empties when its try has ended. */
interface Batch {
  readonly firstTicket: number
  readonly sentMs: number
  readonly slots: (Entry | undefined)[]
  left: number
}

/** What one incarnation of a worker holds. */
export class Holder {
  #batches: Batch[] = []
  #last: Batch | undefined
  #held = 0

  /** How many tasks it holds. */
  get held(): number {
    return this.#held
  }

  /** Gives it tasks under the tickets from `firstTicket`. */
  hold(firstTicket: number, entries: readonly Entry[], sentMs: number): void {
    let ticket = firstTicket
    for (const entry of entries) {
      entry.state = 'held'
      entry.attempts++
      entry.holder = this
      entry.ticket = ticket++
    }
    this.#batches.push({ firstTicket, sentMs, slots: [...entries], left: entries.length })
    this.#held += entries.length
  }

  /** What it holds under a ticket, left where it is. */
  at(ticket: number): Entry | undefined {
    const batch = this.#batchOf(ticket)
    return batch?.slots[ticket - batch.firstTicket]
  }

  /** When what it holds under a ticket was sent. */
  sentMs(ticket: number): number | undefined {
    return this.#batchOf(ticket)?.sentMs
  }

  /** Takes back what it held under a ticket: undefined for a ticket that it does not hold (any more). */
  release(ticket: number): Entry | undefined {
    const batch = this.#batchOf(ticket)
    const entry = batch?.slots[ticket - batch.firstTicket]
    if (batch === undefined || entry === undefined) return undefined
    batch.slots[ticket - batch.firstTicket] = undefined
    if (--batch.left === 0) {
      this.#batches = this.#batches.filter((other) => other !== batch)
      this.#last = undefined
    }
    this.#held--
    entry.holder = undefined
    return entry
  }

  /** Answers come mostly in order, so it is mostly the one of the answer before. */
  #batchOf(ticket: number): Batch | undefined {
    if (this.#last !== undefined && isIn(this.#last, ticket)) return this.#last
    for (const batch of this.#batches) {
      if (!isIn(batch, ticket)) continue
      this.#last = batch
      return batch
    }
    return undefined
  }

  /** What it holds, in the order in which it was sent. */
  *entries(): Generator<Entry> {
    for (const { slots } of this.#batches) {
      for (const entry of slots) if (entry !== undefined) yield entry
    }
  }

  /** Takes back all that it holds. */
  releaseAll(): Entry[] {
    const all = [...this.entries()]
    for (const entry of all) entry.holder = undefined
    this.#batches = []
    this.#last = undefined
    this.#held = 0
    return all
  }
}

const isIn = ({ firstTicket, slots }: Batch, ticket: number): boolean =>
  ticket >= firstTicket && ticket < firstTicket + slots.length
