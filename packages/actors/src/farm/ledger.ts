/**
 * The farm's ledger: every task is pending, held by one known worker under one ticket, or done. Pure: no I/O, no clock.
 */
import type { Pace } from './pace.js'

/** What a task of one name has in common. */
export interface TaskLine {
  readonly name: string
  readonly pace: Pace
  /** Parses what a worker gave. */
  parseOutput(value: unknown): Parsed
}

/** A value that fits its schema, or why it does not. */
export type Parsed = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly why: string }

/** One task from its acceptance until it is settled. */
export interface Entry {
  readonly line: TaskLine
  readonly input: unknown
  /** What errors call its input. */
  readonly key: () => string
  readonly timeoutMs: number
  readonly retries: number
  /** Told once, how it ended. */
  readonly settle: (outcome: Outcome) => void
  state: 'pending' | 'held' | 'waiting' | 'done'
  /** Tries that were begun. */
  attempts: number
  /** Tries that failed by the task's own doing. */
  failures: number
  /** Workers that died while it was alone on them. */
  deaths: number
  /** A worker died while it held this one among others: it runs alone until it is done. */
  suspect: boolean
  /** Set while it is held. */
  holder: Holder | undefined
  ticket: number
}

export type Outcome =
  | { readonly status: 'fulfilled'; readonly value: unknown }
  | { readonly status: 'rejected'; readonly reason: Error }

export type EntryTerms = Pick<Entry, 'line' | 'input' | 'key' | 'timeoutMs' | 'retries' | 'settle'>

export const newEntry = (terms: EntryTerms): Entry => ({
  line: terms.line,
  input: terms.input,
  key: terms.key,
  timeoutMs: terms.timeoutMs,
  retries: terms.retries,
  settle: terms.settle,
  state: 'pending',
  attempts: 0,
  failures: 0,
  deaths: 0,
  suspect: false,
  holder: undefined,
  ticket: 0,
})

/** Tasks that went to a worker in one frame, under consecutive tickets. A slot empties when its try has ended. */
interface Batch {
  readonly firstTicket: number
  readonly slots: (Entry | undefined)[]
  left: number
}

/** What one incarnation of a worker holds. */
export class Holder {
  #batches: Batch[] = []
  #held = 0

  /** How many tasks it holds. */
  get held(): number {
    return this.#held
  }

  /** Gives it tasks under the tickets from `firstTicket`. */
  hold(firstTicket: number, entries: readonly Entry[]): void {
    for (const [index, entry] of entries.entries()) {
      entry.state = 'held'
      entry.attempts++
      entry.holder = this
      entry.ticket = firstTicket + index
    }
    this.#batches.push({ firstTicket, slots: [...entries], left: entries.length })
    this.#held += entries.length
  }

  /** Takes back what it held under a ticket: undefined for a ticket that it does not hold (any more). */
  release(ticket: number): Entry | undefined {
    const batch = this.#batches.find(
      ({ firstTicket, slots }) => ticket >= firstTicket && ticket < firstTicket + slots.length,
    )
    const entry = batch?.slots[ticket - batch.firstTicket]
    if (batch === undefined || entry === undefined) return undefined
    batch.slots[ticket - batch.firstTicket] = undefined
    if (--batch.left === 0) this.#batches = this.#batches.filter((other) => other !== batch)
    this.#held--
    entry.holder = undefined
    return entry
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
    this.#held = 0
    return all
  }
}

/** A queue that takes at both ends in constant time and forgets what was taken. */
export class PendingQueue {
  #items: (Entry | undefined)[] = []
  #head = 0
  #cancelled = 0

  get size(): number {
    return this.#items.length - this.#head - this.#cancelled
  }

  push(entry: Entry): void {
    this.#items.push(entry)
  }

  /** The next task that is still wanted, left where it is. */
  peek(): Entry | undefined {
    for (let entry = this.#items[this.#head]; entry !== undefined; entry = this.#items[this.#head]) {
      if (entry.state === 'pending') return entry
      this.#cancelled--
      this.#advance()
    }
    return undefined
  }

  /** Takes what {@link peek} showed. */
  shift(): Entry | undefined {
    const entry = this.peek()
    if (entry !== undefined) this.#advance()
    return entry
  }

  /** Says that one that waits here was settled meanwhile: it is passed over. */
  noteSettled(): void {
    this.#cancelled++
  }

  #advance(): void {
    this.#items[this.#head++] = undefined
    if (this.#head > 1_024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
  }
}
