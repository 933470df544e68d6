/**
 * A map that outlives its process: what its journal knows when it begins, and what is written as it goes on.
 */
import { TroupeError } from '@troupe/core'
import type { Journal, JournalReport, RunIdentity } from '../journal/journal.js'
import type { Entry } from '../ledger.js'
import { decodeInputs, encodeInputs, hashOf } from './list-body.js'
import { RunLog } from './run-log.js'
import { type Chunk, type Outcome, type RunMemory, readRun } from './run-memory.js'

/** What a journal held of a map when it began. */
export interface Resumed {
  /** It held nothing of it. */
  readonly isNew: boolean
  /** Inputs that were accepted, and of these: done, failed, and those whose outcome was taken. */
  readonly accepted: number
  readonly done: number
  readonly failed: number
  readonly taken: number
  /** Whether the outcome of an input was taken, and is not given again. */
  isTaken(index: number): boolean
  /** The last note that `acknowledge` was given. */
  readonly note: string | undefined
  /** What a damaged journal has lost. */
  readonly damage: JournalReport['damage']
}

/** An input that is not the one that stands at its place in the journal. */
export class InputChangedError extends TroupeError {
  override readonly name = 'InputChangedError'
  /** Its place, from 0. */
  readonly index: number

  constructor(run: string, index: number, why: string) {
    const advice = 'to begin anew, give another journal or another name'
    super('JOURNAL_MISMATCH', `the inputs of run "${run}" are not those of its journal: ${why}; ${advice}`)
    this.index = index
  }
}

/** An input that was read: known already with its outcome, taken, or to be run. */
export interface Met {
  readonly index: number
  readonly input: unknown
  readonly known: Outcome | 'taken' | undefined
}

export interface DurableTerms {
  readonly journal: Journal
  readonly report: JournalReport
  readonly identity: RunIdentity
  /** Whether what failed is an outcome that is given, and not run again. */
  readonly keepsFailures: boolean
  /** Whether to ask for the next outcome says that those before it were taken. */
  readonly acknowledges: boolean
  /** No other map goes under its name any more. */
  ended(): void
}

export interface DurableEvents {
  isIdle(): boolean
  written(entries: readonly Entry[]): void
  failed(error: unknown): void
}

const NEVER: RunMemory = {
  ...{ chunks: [], accepted: 0, done: 0, failed: 0, note: undefined, outcomes: new Map() },
  taken: { size: 0, has: () => false } as unknown as RunMemory['taken'],
}

export class DurableRun {
  readonly #terms: DurableTerms
  readonly #events: DurableEvents
  readonly #log: RunLog
  readonly resumed: Promise<Resumed>
  #memory: RunMemory = NEVER
  /** Inputs of a chunk that is not complete. */
  #staged: unknown[] = []
  #chunk = 0
  #broken = false
  #given: number[] = []

  constructor(terms: DurableTerms, events: DurableEvents) {
    this.#terms = terms
    this.#events = events
    this.#log = new RunLog({
      journal: terms.journal,
      run: terms.identity.name,
      isIdle: () => events.isIdle(),
      written: (entries) => events.written(entries),
      failed: (error) => this.#fail(error),
    })
    this.resumed = this.#load()
    this.resumed.catch(() => undefined)
  }

  /** Whether the input at an index stands in the journal. */
  knows(index: number): boolean {
    return index < this.#memory.accepted
  }

  /** What is to be done after an input was read: nothing yet, while those that were accepted with it are missing. */
  meet(index: number, input: unknown): readonly Met[] {
    if (this.#broken) return []
    const chunk = this.#memory.chunks[this.#chunk]
    if (chunk === undefined) {
      this.#log.accepted(index, input)
      return [{ index, input, known: undefined }]
    }
    this.#staged.push(input)
    return this.#staged.length < chunk.count ? [] : this.#recognize(chunk)
  }

  /** Forgets inputs that cannot be recognized, since those that were accepted with them will not be read. */
  dropStaged(): number {
    return this.#staged.splice(0).length
  }

  /** The input has ended after so many. */
  ended(count: number): void {
    const { accepted } = this.#memory
    if (count >= accepted || this.#broken) return
    this.#fail(new InputChangedError(this.#terms.identity.name, count, `there are ${count}, and were ${accepted}`))
  }

  /** A task was settled: whether its outcome is to be written before it counts. */
  keeps({ reason }: Entry): boolean {
    return !this.#broken && (reason === undefined || isOutcome(reason))
  }

  write(entry: Entry): void {
    this.#log.settled(entry)
  }

  /** An outcome was given to its taker. */
  gave({ number, reason }: Entry): void {
    if (reason === undefined || this.#terms.keepsFailures) this.#given.push(number)
  }

  /** Its taker asks for the next. */
  asked(): void {
    if (this.#terms.acknowledges && this.#given.length > 0) this.#log.taken(this.#given.splice(0))
  }

  /** Writes that all that was given is taken. @throws what the journal throws */
  async acknowledge(note?: string): Promise<void> {
    // What is given while this waits is not meant.
    const given = this.#given.splice(0)
    await this.resumed
    this.#log.taken(given, note)
    await this.#log.flush()
  }

  /** Writes what is left. Never rejects: who uses the run was told of what went wrong. */
  async close(isComplete: boolean): Promise<void> {
    const { journal, identity, ended } = this.#terms
    try {
      await this.resumed
      await this.#log.flush()
      if (isComplete) await journal.compact(identity.name)
    } catch (error) {
      this.#fail(error)
    }
    ended()
  }

  async #load(): Promise<Resumed> {
    const { journal, identity, keepsFailures, report } = this.#terms
    const { isNew } = await journal.open(identity)
    if (!isNew) this.#memory = await readRun(journal, identity.name, keepsFailures)
    const { accepted, done, failed, taken, note } = this.#memory
    const isTaken = (index: number) => taken.has(index)
    return { isNew, accepted, done, failed, taken: taken.size, isTaken, note, damage: report.damage }
  }

  #recognize(chunk: Chunk): readonly Met[] {
    const { taken, outcomes } = this.#memory
    const inputs = this.#staged
    this.#staged = []
    this.#chunk++
    if (hashOf(encodeInputs(inputs)) !== chunk.hash) {
      this.#broken = true
      void this.#changed(chunk, inputs)
      return []
    }
    return inputs.map((input, at) => {
      const index = chunk.first + at
      return { index, input, known: taken.has(index) ? 'taken' : outcomes.get(index) }
    })
  }

  /** Says which of the inputs is another. */
  async #changed({ first, count, place }: Chunk, inputs: readonly unknown[]): Promise<void> {
    const { journal, identity } = this.#terms
    const { name } = identity
    try {
      const body = await journal.read(name, place)
      const held = body === undefined ? undefined : decodeInputs(body)
      const at = held?.findIndex((value, index) => hash(value) !== hash(inputs[index])) ?? -1
      const which = at < 0 ? `one of ${first} to ${first + count - 1} has changed` : `number ${first + at} has changed`
      const hashes = at < 0 ? '' : ` (its hash is ${hash(inputs[at])}, and was ${hash(held![at])})`
      this.#fail(new InputChangedError(name, first + Math.max(0, at), which + hashes))
    } catch (error) {
      this.#fail(error)
    }
  }

  #fail(error: unknown): void {
    this.#broken = true
    this.#events.failed(error)
  }
}

const hash = (value: unknown): string => hashOf(encodeInputs([value]))

/** What a task's own error says; what only ended the farm's interest in it is none. */
const isOutcome = (reason: Error): boolean => 'task' in reason && 'attempt' in reason
