/**
 * One run of `map` or `mapUnordered`: reads its input as far ahead as the farm can use, and gives the outputs as they
 * are asked for. What is in memory is bounded by windows, never by the length of the input.
 */
import { AbortedError, type Deferred, deferred, errorFrom } from '@troupe/core'
import type { DurableEvents, DurableRun, Met, Resumed } from './durable/durable-run.js'
import { InvalidOutputError } from './farm-errors.js'
import { type InputSource, type Inputs, sourceOf } from './input-source.js'
import type { Entry, TaskLine, TaskOwner } from './ledger.js'
import type { SpeculateTerms, Speculator } from './speculation.js'
import type { UpdateSink } from './update-sink.js'

/** The outcome of one input, as `Promise.allSettled` names it, with its place in the input from 0. */
export type Settled<Input, Output> =
  | { readonly status: 'fulfilled'; readonly index: number; readonly input: Input; readonly value: Output }
  | { readonly status: 'rejected'; readonly index: number; readonly input: Input; readonly reason: Error }

/** What `map` and `mapUnordered` give: the outputs, and what a journal has to do with them. */
export interface MapResults<Value> extends AsyncIterableIterator<Value> {
  /**
   * What the farm's journal held of this map when it began; undefined for a farm without one.
   * @throws {TroupeError} `JOURNAL_MISMATCH`, `JOURNAL_IN_USE`
   */
  resumed(): Promise<Resumed | undefined>
  /**
   * Says that all that was given so far is taken, and will not be given again by this journal. `note` stands there until the
   * next, to be found in `resumed`. Resolves when it is written. For maps with `acknowledge: 'manual'`; the others do it
   * by themselves. Nothing happens without a journal.
   * @throws {TroupeError} `JOURNAL_FAILED`
   */
  acknowledge(note?: string): Promise<void>
  /** Reads no further input. What was begun is finished and given; then it ends. */
  drain(): void
}

export interface MapTerms {
  /** Its stragglers may run twice. */
  readonly speculate: SpeculateTerms | undefined
  readonly line: TaskLine
  readonly ordered: boolean
  readonly settled: boolean
  /** Who is told what the tasks say before their end. */
  readonly updates: UpdateSink | undefined
  readonly signal: AbortSignal | undefined
  readonly reorderWindow: number
  /** How many tasks that no worker has yet are of use: what the workers can take at once. */
  useful(): number
  /** Makes the entry of an input: settled already if the input is not valid. */
  enter(input: unknown, index: number, owner: TaskOwner): Entry
  accept(entry: Entry): void
  cancelAll(owner: TaskOwner, reason: Error): void
  /** Its part of the farm's journal, if there is one. */
  durable(events: DurableEvents): DurableRun | undefined
  /** It needs the farm no more. */
  ended(run: MapRun): void
}

/** How many inputs that a journal knows are read in one turn of the event loop. */
const REPLAYED_AT_ONCE = 2_048

export class MapRun implements MapResults<unknown>, Speculator {
  readonly #terms: MapTerms
  readonly #source: InputSource
  /** Ordered: all that was read and not given, in order. Unordered: those that have an outcome, as they got it. */
  #slots: Entry[] = []
  #head = 0
  #open = 0
  unheld = 0
  readonly keepsInputs: boolean
  readonly keepsOutputs: boolean
  readonly updates: UpdateSink | undefined
  readonly #durable: DurableRun | undefined
  /** With more that no worker has, there is no use in reading on. */
  #enough = Number.POSITIVE_INFINITY
  #filling = false
  #read = 0
  #given = 0
  #learning = false
  #reading = false
  #exhausted = false
  #drained = false
  /** `atOnce`: outputs that were to come before it are not waited for. */
  #failure: { readonly error: unknown; readonly atOnce: boolean } | undefined
  #finished = false
  #released: Promise<{ readonly error: unknown } | undefined> | undefined
  #waiter: Deferred<void> | undefined
  readonly #onAbort = () =>
    this.end(new AbortedError(`a map of task "${this.#terms.line.name}"`, this.#terms.signal?.reason))

  constructor(inputs: Inputs<unknown>, terms: MapTerms) {
    this.#terms = terms
    this.keepsInputs = terms.settled
    this.updates = terms.updates
    this.#source = sourceOf(inputs)
    this.#durable = this.#beginDurable()
    this.keepsOutputs = this.#durable !== undefined
    this.#learning = this.#durable !== undefined
    if (this.#durable !== undefined) void this.#learn(this.#durable)
    if (terms.signal?.aborted) this.#onAbort()
    else terms.signal?.addEventListener('abort', this.#onAbort)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  resumed(): Promise<Resumed | undefined> {
    return this.#durable?.resumed ?? Promise.resolve(undefined)
  }

  async acknowledge(note?: string): Promise<void> {
    await this.#durable?.acknowledge(note)
  }

  drain(): void {
    if (this.#exhausted) return
    this.#exhausted = true
    this.#drained = true
    this.#given += this.#durable?.dropStaged() ?? 0
    this.#wakeReader()
    void this.#letGo()
  }

  next(): Promise<IteratorResult<unknown>> {
    this.#durable?.asked()
    if (this.unheld <= this.#enough) this.#fill()
    // The way of nearly every value: at once, with no further turn.
    const slot = this.#failure === undefined ? this.#take() : undefined
    return slot === undefined ? this.#waitForNext() : this.#give(slot)
  }

  async return(): Promise<IteratorResult<unknown>> {
    const held = await this.#finish(new AbortedError('a map', 'its reader stopped reading'))
    if (held !== undefined && this.#failure === undefined) throw held.error
    return { done: true, value: undefined }
  }

  get speculate(): SpeculateTerms | undefined {
    return this.#terms.speculate
  }

  get isAtEnd(): boolean {
    return this.#exhausted && this.#failure === undefined && !this.#finished
  }

  /** Ends it at once for a reason: what is open is cancelled, what was not given yet is not given. */
  end(reason: Error): void {
    if (this.#finished) return
    this.#fail(reason, true)
    if (this.#open > 0) this.#terms.cancelAll(this, reason)
    // Its reader may never ask again. Not at once: what aborts it may be its source, which is being read.
    queueMicrotask(() => void this.#release(false))
  }

  /** Whether it has begun to read its input, and goes on. */
  get isBegun(): boolean {
    return (this.#read > 0 || this.#reading) && this.#failure?.atOnce !== true
  }

  /** The farm has ended: nothing more will come. Resolves when what is durable of it is written. */
  async abandon(reason: Error): Promise<void> {
    this.#fail(reason)
    await this.#durable?.close(false)
  }

  #beginDurable(): DurableRun | undefined {
    try {
      return this.#terms.durable({
        isIdle: () => this.#open === 0,
        written: (entries) => this.#written(entries),
        failed: (error) => this.#fail(error, true),
      })
    } catch (error) {
      // There will be no map, so its inputs are still the caller's.
      this.#source.giveBack?.()
      throw error
    }
  }

  /** Learns what its journal knows, before its input is read. */
  async #learn(durable: DurableRun): Promise<void> {
    try {
      await durable.resumed
      this.#learning = false
      this.#wakeReader()
    } catch (error) {
      this.#fail(error, true)
    }
  }

  async #waitForNext(): Promise<IteratorResult<unknown>> {
    for (;;) {
      if (this.#finished) return { done: true, value: undefined }
      if (this.#failure !== undefined && (!this.#terms.ordered || this.#atFailure())) {
        const { error } = this.#failure
        await this.#finish(new AbortedError('a map', error))
        throw error
      }
      const slot = this.#take()
      if (slot !== undefined) return this.#give(slot)
      if (this.#exhausted && this.#read === this.#given && (this.#drained || !this.#reading)) {
        await this.#finish(undefined)
        continue
      }
      this.#waiter ??= deferred()
      await this.#waiter.promise
      this.#fill()
    }
  }

  /** Whether all outputs before the failure of the input were given. */
  #atFailure(): boolean {
    return this.#read === this.#given || this.#failure?.atOnce === true
  }

  #take(): Entry | undefined {
    const slot = this.#slots[this.#head]
    if (slot?.state !== 'done' || slot.unwritten) return undefined
    this.#slots[this.#head++] = undefined as never
    if (this.#head >= 1_024 && this.#head * 2 >= this.#slots.length) {
      this.#slots = this.#slots.slice(this.#head)
      this.#head = 0
    }
    this.#given++
    return slot
  }

  #give(entry: Entry): Promise<IteratorResult<unknown>> {
    const { value, reason } = entry
    this.#durable?.gave(entry)
    if (this.#terms.settled) return Promise.resolve({ done: false, value: outcomeOf(entry) })
    if (reason === undefined) return Promise.resolve({ done: false, value })
    return this.#finish(new AbortedError('a map', reason)).then(() => {
      throw reason
    })
  }

  /** Reads the input as far ahead as is of use. */
  #fill(): void {
    if (this.#learning || this.#reading || this.#exhausted || this.#failure !== undefined || this.#finished) return
    if (this.#durable?.knows(this.#read) === true) return void this.#replay(this.#durable)
    const useful = this.#terms.useful()
    // A quarter at a time, so that tasks go out in large frames.
    this.#enough = useful - Math.max(1, useful >> 2)
    if (this.unheld > this.#enough || this.#room(useful) <= 0) return
    this.#reading = true
    if (this.#source.nextLater !== undefined) return void this.#fillLater(this.#source.nextLater)
    try {
      const { nextNow } = this.#source
      for (let room = this.#room(useful); room > 0 && this.#came(nextNow!()); room--);
    } catch (error) {
      this.#fail(error)
    }
    this.#reading = false
  }

  async #fillLater(next: () => Promise<IteratorResult<unknown>>): Promise<void> {
    try {
      do {
        if (!this.#came(await next())) break
      } while (!this.#finished && this.#room(this.#terms.useful()) > 0)
    } catch (error) {
      // What a source says that was let go of is of no interest.
      if (!this.#exhausted) this.#fail(error)
    }
    this.#reading = false
    this.#wakeReader()
  }

  /** Reads the inputs that the journal knows: what they may bring into memory was bounded when they were new. */
  async #replay(durable: DurableRun): Promise<void> {
    this.#reading = true
    const { nextNow, nextLater } = this.#source
    try {
      while (durable.knows(this.#read) && !this.#exhausted && this.#failure === undefined && !this.#finished) {
        if (!this.#came(nextLater === undefined ? nextNow!() : await nextLater())) break
        if (this.#read % REPLAYED_AT_ONCE === 0) await new Promise((resolve) => setImmediate(resolve))
      }
    } catch (error) {
      // Those that were accepted with them will not be read, so they cannot be recognized.
      this.#given += durable.dropStaged()
      // What a source says that was let go of is of no interest.
      if (!this.#exhausted) this.#fail(error)
    }
    this.#reading = false
    this.#wakeReader()
    this.#fill()
  }

  /** How many inputs more may be read, when so many are of use. */
  #room(useful: number): number {
    const { reorderWindow, line } = this.#terms
    const buffered = Math.min(reorderWindow, line.pace.buffered()) - (this.#read - this.#given)
    return Math.min(buffered, useful - this.unheld)
  }

  /** Takes what the input gave; false at its end. */
  #came(came: IteratorResult<unknown>): boolean {
    if (this.#exhausted || this.#failure !== undefined) return false
    if (came.done === true) {
      this.#exhausted = true
      this.#durable?.ended(this.#read)
      this.#wakeReader()
      return false
    }
    if (this.#finished) return false
    const index = this.#read++
    if (this.#durable === undefined) this.#enter(came.value, index)
    else for (const met of this.#durable.meet(index, came.value)) this.#met(met)
    return true
  }

  #enter(input: unknown, index: number): void {
    const entry = this.#terms.enter(input, index, this)
    if (this.#terms.ordered) this.#slots.push(entry)
    this.#open++
    if (entry.state === 'done') this.settled(entry)
    else this.#terms.accept(entry)
  }

  /** An input that its journal may know. */
  #met({ index, input, known }: Met): void {
    if (known === undefined) return this.#enter(input, index)
    if (known === 'taken') {
      this.#given++
      return
    }
    const entry = this.#terms.enter(input, index, this)
    entry.state = 'done'
    if ('error' in known) entry.reason = errorFrom(known.error)
    else {
      const parsed = entry.line.parseOutput(known.output)
      if (parsed.ok) entry.value = parsed.value
      else entry.reason = new InvalidOutputError(entry.facts(), parsed.why)
    }
    this.#slots.push(entry)
    this.#wakeReader()
  }

  /** One of its tasks has ended. */
  settled(entry: Entry): void {
    this.#open--
    if (this.#durable?.keeps(entry) === true) {
      entry.unwritten = true
      this.#durable.write(entry)
    } else this.#counts(entry)
    // Behind an output that takes long, others go on. Once for all that are settled together.
    if (this.#filling) return
    this.#filling = true
    queueMicrotask(() => {
      this.#filling = false
      this.#fill()
    })
  }

  #written(entries: readonly Entry[]): void {
    for (const entry of entries) {
      entry.unwritten = false
      entry.raw = undefined
      this.#counts(entry)
    }
  }

  /** It may be given. */
  #counts(entry: Entry): void {
    if (!this.#terms.ordered && !this.#finished) this.#slots.push(entry)
    if (this.#waiter === undefined) return
    const next = this.#slots[this.#head]
    if (next?.state === 'done' && !next.unwritten) this.#wakeReader()
  }

  #fail(error: unknown, atOnce = false): void {
    // The first says why; a later one can say that nothing is waited for.
    this.#failure = { error: (this.#failure ?? { error }).error, atOnce: atOnce || this.#failure?.atOnce === true }
    this.#wakeReader()
  }

  #wakeReader(): void {
    const waiter = this.#waiter
    this.#waiter = undefined
    waiter?.resolve()
  }

  /** Ends it: cancels what is open for a reason, lets go of the input; gives what that failed with. */
  async #finish(reason: Error | undefined): Promise<{ readonly error: unknown } | undefined> {
    if (this.#finished) return undefined
    this.#finished = true
    if (reason !== undefined && this.#open > 0) this.#terms.cancelAll(this, reason)
    this.#wakeReader()
    return await this.#release(reason === undefined && !this.#drained)
  }

  /** Lets go of all that it holds, once. */
  #release(isComplete: boolean): Promise<{ readonly error: unknown } | undefined> {
    this.#released ??= this.#releaseAll(isComplete)
    return this.#released
  }

  async #releaseAll(isComplete: boolean): Promise<{ readonly error: unknown } | undefined> {
    this.#terms.signal?.removeEventListener('abort', this.#onAbort)
    this.#slots = []
    this.#head = 0
    const lettingGo = this.#exhausted ? undefined : this.#letGo()
    await this.#durable?.close(isComplete)
    // A source that takes long to end, or for ever, does not hold up the farm.
    this.#terms.ended(this)
    return await lettingGo
  }

  async #letGo(): Promise<{ readonly error: unknown } | undefined> {
    try {
      await this.#source.end(this.#reading)
      return undefined
    } catch (error) {
      return { error }
    }
  }
}

function outcomeOf({ number: index, input, value, reason }: Entry): Settled<unknown, unknown> {
  return reason === undefined
    ? { status: 'fulfilled', index, input, value }
    : { status: 'rejected', index, input, reason }
}
