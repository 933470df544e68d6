/**
 * What happens in a run, gathered and appended to its journal: what comes within some milliseconds, or while a batch is
 * being written, in one batch. Only what nothing can join is written at once.
 */
import { type Deferred, deferred, errorData } from '@troupe/core'
import type { Journal, JournalEntry } from '../journal/journal.js'
import { rangesOf } from '../journal/ranges.js'
import type { Entry } from '../ledger.js'
import { encodeInputs, encodeOutcomes, hashOf } from './list-body.js'

/** So many inputs or outputs, and about so many bytes, are one entry at most. */
const ENTRY_ITEMS = 256
const ENTRY_BYTES = 1 << 20
/** So many inputs and outcomes are a batch. Fewer are after so long, in ms: a batch wakes threads, which tasks of a millisecond feel. */
const BATCH_ITEMS = 200
const GATHER_MS = 50

export interface RunLogTerms {
  readonly journal: Journal
  readonly run: string
  /** Whether no task is on its way whose outcome could be written with those that are there. */
  isIdle(): boolean
  /** The outcomes of these are written: they count. */
  written(entries: readonly Entry[]): void
  /** Nothing more can be written. */
  failed(error: unknown): void
}

export class RunLog {
  readonly #terms: RunLogTerms
  readonly #inputSizes = new Sizes()
  readonly #outputSizes = new Sizes()
  #firstInput = 0
  #inputs: unknown[] = []
  #outcomes: Entry[] = []
  #taken: number[] = []
  #note: string | undefined
  #writing: Promise<void> | undefined
  #flushing = 0
  /** Settled when a batch that gathers has enough. */
  #gathering: Deferred<void> | undefined
  #failure: { readonly error: unknown } | undefined

  constructor(terms: RunLogTerms) {
    this.#terms = terms
  }

  /** An input that is the next of those that were accepted. */
  accepted(index: number, input: unknown): void {
    if (this.#inputs.length === 0) this.#firstInput = index
    this.#inputs.push(input)
    this.#came()
  }

  /** A task has an outcome, which counts once it is written. */
  settled(entry: Entry): void {
    this.#outcomes.push(entry)
    this.#came()
  }

  /** Outcomes that their taker has. */
  taken(indexes: readonly number[], note?: string): void {
    for (const index of indexes) this.#taken.push(index)
    this.#note = note ?? this.#note
    void this.#soon()
  }

  /** Resolves when all that was gathered is written. @throws what the journal throws */
  async flush(): Promise<void> {
    this.#flushing++
    this.#gathering?.resolve()
    while (this.#failure === undefined && (this.#hasMore() || this.#writing !== undefined)) {
      await this.#soon()
    }
    this.#flushing--
    if (this.#failure !== undefined) throw this.#failure.error
  }

  #hasMore(): boolean {
    return this.#inputs.length + this.#outcomes.length + this.#taken.length > 0 || this.#note !== undefined
  }

  #came(): void {
    if (this.#gathering !== undefined && this.#isBatch()) this.#gathering.resolve()
    void this.#soon()
  }

  /** Whether to write at once. */
  #isBatch(): boolean {
    if (this.#inputs.length + this.#outcomes.length >= BATCH_ITEMS || this.#flushing > 0) return true
    return this.#outcomes.length > 0 && this.#terms.isIdle()
  }

  /** Resolves when there is a batch, or time is up. */
  async #gather(): Promise<void> {
    // Once the turn has ended, so that a batch takes all that it brought.
    await new Promise((resolve) => setImmediate(resolve))
    if (this.#isBatch()) return
    const gathering = deferred<void>()
    this.#gathering = gathering
    const timer = setTimeout(gathering.resolve, GATHER_MS)
    await gathering.promise
    clearTimeout(timer)
    this.#gathering = undefined
  }

  #soon(): Promise<void> {
    this.#writing ??= this.#write()
    return this.#writing
  }

  async #write(): Promise<void> {
    try {
      do {
        await this.#gather()
        if (this.#hasMore()) await this.#writeOnce()
      } while (this.#failure === undefined && this.#hasMore())
    } catch (error) {
      this.#failure = { error }
      this.#terms.failed(error)
    }
    this.#writing = undefined
  }

  async #writeOnce(): Promise<void> {
    const { journal, run, written } = this.#terms
    const outcomes = this.#outcomes
    const entries = [...this.#acceptedEntries(), ...this.#outcomeEntries(outcomes), ...this.#takenEntries()]
    this.#inputs = []
    this.#outcomes = []
    this.#taken = []
    this.#note = undefined
    await journal.append(run, entries)
    if (outcomes.length > 0) written(outcomes)
  }

  *#acceptedEntries(): Generator<JournalEntry> {
    for (let at = 0; at < this.#inputs.length; ) {
      const some = this.#inputs.slice(at, at + this.#inputSizes.items())
      const body = encodeInputs(some)
      this.#inputSizes.saw(body.length, some.length)
      yield { kind: 'accepted', first: this.#firstInput + at, count: some.length, hash: hashOf(body), body }
      at += some.length
    }
  }

  *#outcomeEntries(outcomes: readonly Entry[]): Generator<JournalEntry> {
    const done = outcomes.filter(({ reason }) => reason === undefined)
    for (let at = 0; at < done.length; ) {
      const some = done.slice(at, at + this.#outputSizes.items())
      const body = encodeOutcomes(some.map(({ raw }) => raw))
      this.#outputSizes.saw(body.length, some.length)
      yield { kind: 'done', indexes: rangesOf(some.map(({ number }) => number)), body }
      at += some.length
    }
    for (const { number, reason } of outcomes) {
      if (reason !== undefined) yield { kind: 'failed', index: number, body: encodeOutcomes([errorData(reason)]) }
    }
  }

  *#takenEntries(): Generator<JournalEntry> {
    if (this.#taken.length === 0 && this.#note === undefined) return
    const indexes = rangesOf(this.#taken)
    yield this.#note === undefined ? { kind: 'taken', indexes } : { kind: 'taken', indexes, note: this.#note }
  }
}

/** How many of a kind go into one entry, by what those before them came to. */
class Sizes {
  #each = 0

  saw(bytes: number, count: number): void {
    this.#each = bytes / count
  }

  items(): number {
    return Math.max(1, Math.min(ENTRY_ITEMS, Math.floor(ENTRY_BYTES / Math.max(1, this.#each))))
  }
}
