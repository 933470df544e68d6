/**
 * The running side of an actor, wherever it runs: hands it what comes, and its words out.
 */
import { errorData, LazyAbort, type Logger, TroupeError, type WaitOptions } from '@troupe/core/kernel'
import { type BodyExit, type Exit, exitOfThrow } from './exit.js'
import type { Answer, DeadLetterReason, Letter } from './letter.js'
import type { Mailbox } from './mailbox.js'
import type { Call, Observed } from './place.js'
import type { ActorSnapshot } from './snapshot.js'

/** How an actor's words get out. */
export interface Outlet {
  /** It is ready. */
  started(): void
  /** A message for the owner; waits while there is no room. */
  send(message: unknown, wait?: WaitOptions): Promise<void>
  /** As `send`, for what cannot wait: without room it is a dead letter. */
  emit(message: unknown): void
  answer(id: number, answer: Answer): void
  snapshot(snapshot: ActorSnapshot): void
  /** A snapshot to restart from. */
  keep(persisted: unknown): void
  dead(reason: DeadLetterReason, message: unknown): void
  /** What only the owner can do: reach other actors of the tree. */
  call(call: Call, wait?: WaitOptions): Promise<unknown>
  /** It takes nothing more, and is about to be replaced. */
  recycling(): void
}

export interface CellTerms {
  readonly name: string
  /** Its path in its tree, if it is in one. */
  readonly path: string | undefined
  readonly args: unknown
  readonly inbox: Mailbox<Letter>
  readonly outlet: Outlet
  log(): Logger
  /** After so many messages it is replaced; 0 never. */
  readonly maxTasks: number
  /** Whether its snapshots are kept, and the one to restart from. */
  readonly persists: boolean
  readonly kept: unknown
  /** Called for each letter that is taken. */
  taken?(): void
  /** Whether a letter is no longer wanted: it is taken, and not handed out. */
  isWithdrawn?(letter: Letter): boolean
  /** Called with the live actor of xstate, if that is what runs. */
  inspectable?(actor: Inspectable): void
}

/** Enough of an actor of xstate to be inspected. */
export interface Inspectable {
  readonly system: Observed
}

/** What runs: resolves when it has ended, with its output. */
export type Behaviour = (cell: Cell) => Promise<unknown>

/** After so many letters in one turn of the event loop, others come first. */
const LETTERS_A_TURN = 256

export class Cell {
  readonly terms: CellTerms
  readonly #stop = new LazyAbort()
  #log: Logger | undefined
  #isReady = false
  #abortsWhenRecycled = false
  /** `cut`: it is given nothing more. `recycled`: nor is it, because it is to be replaced. */
  #inflow: 'open' | 'cut' | 'recycled' = 'open'
  #isWaiting = false
  /** Letters, for the turns of the event loop. */
  #taken = 0
  /** Messages and asks, for its share. */
  #tasks = 0
  #watcher: (() => ActorSnapshot) | undefined
  #watched = false

  constructor(terms: CellTerms) {
    this.terms = terms
  }

  /** Aborts when the actor is to stop. Made when it is first asked for. */
  get signal(): AbortSignal {
    return this.#stop.signal
  }

  get isAborted(): boolean {
    return this.#stop.isAborted
  }

  /** Whether it was killed, or its logic is over: it is given nothing more. */
  get isCut(): boolean {
    return this.#inflow === 'cut'
  }

  abort(why: string): void {
    if (!this.isAborted) this.#stop.abort(new TroupeError('CLOSED', `actor ${this.terms.name} ${why}`))
  }

  get log(): Logger {
    this.#log ??= this.terms.log()
    return this.#log
  }

  /** Its signal aborts at once when it is to be replaced. */
  abortsWhenRecycled(): void {
    this.#abortsWhenRecycled = true
  }

  /** Answers an ask with an error. */
  refuse(id: number, error: Error): void {
    this.terms.outlet.answer(id, { error: errorData(error) })
  }

  /** Says that the actor is ready, once. */
  ready(): void {
    if (this.#isReady) return
    this.#isReady = true
    this.terms.outlet.started()
  }

  /** The next letter; undefined when there will be none. Comes at once if it can. */
  next(): Letter | undefined | Promise<Letter | undefined> {
    while (this.#mayTake()) {
      // One that is always busy must not starve the others of its thread.
      const letter = this.#taken % LETTERS_A_TURN === 0 ? undefined : this.terms.inbox.poll()
      if (letter === undefined) return this.take()
      if (this.#counts(letter)) return letter
    }
    return undefined
  }

  /** As {@link next}, with an end to the wait. @throws {TroupeError} `ABORTED`, `TIMEOUT` */
  async take(wait?: WaitOptions): Promise<Letter | undefined> {
    if (this.#taken % LETTERS_A_TURN === 0 && this.#taken > 0 && this.terms.inbox.size > 0) await turn()
    if (!this.#mayTake()) return undefined
    this.#isWaiting = true
    try {
      let letter = await this.terms.inbox.take(wait)
      while (letter !== undefined && !this.#counts(letter)) letter = await this.terms.inbox.take(wait)
      // `$TERM`: the word that aborts its signal may come later, and is to be known before the end of its pipe.
      if (letter === undefined && this.#inflow === 'open') this.abort('was told to stop')
      return letter
    } finally {
      this.#isWaiting = false
    }
  }

  /** Gives it nothing more; who waits is told so. */
  cut(): void {
    this.#inflow = 'cut'
    if (this.#isWaiting) this.terms.inbox.release()
  }

  /** It is to be replaced: it finishes what it has, and takes nothing more. */
  recycle(): void {
    if (this.#inflow === 'open') this.#inflow = 'recycled'
    if (this.#isWaiting || this.#abortsWhenRecycled) this.abort('is replaced')
    if (this.#isWaiting) this.terms.inbox.release()
  }

  /** Gives the current snapshot, by `now`, and those that follow, to the owner, once it asks for them. */
  watchable(now: () => ActorSnapshot): void {
    this.#watcher = now
    if (this.#watched) this.terms.outlet.snapshot(now())
  }

  /** Its current snapshot, of a machine. */
  get now(): ActorSnapshot | undefined {
    return this.#watcher?.()
  }

  /** The owner asks for snapshots from now on. */
  watch(): void {
    if (this.#watched) return
    this.#watched = true
    this.terms.outlet.snapshot(this.#watcher?.() ?? { status: 'active' })
  }

  /** Tells a change, if it is asked for. */
  changed(): void {
    // The end of one that is replaced is none of the actor.
    if (this.#inflow === 'recycled') return
    if (this.#watched && this.#watcher !== undefined) this.terms.outlet.snapshot(this.#watcher())
  }

  /** Runs it to its end. Never rejects. */
  async run(behaviour: Behaviour): Promise<BodyExit> {
    const exit = await this.#run(behaviour)
    return this.#inflow === 'recycled' && exit.reason !== 'failed' ? { reason: 'recycled' } : exit
  }

  async #run(behaviour: Behaviour): Promise<Exit> {
    try {
      const output = await behaviour(this)
      if (this.isAborted) return { reason: 'shutdown' }
      return output === undefined ? { reason: 'normal' } : { reason: 'normal', output }
    } catch (error) {
      return exitOfThrow(this.terms.name, error, this.signal)
    }
  }

  #mayTake(): boolean {
    const { maxTasks, outlet } = this.terms
    if (this.#inflow === 'open' && maxTasks > 0 && this.#tasks >= maxTasks) {
      this.recycle()
      outlet.recycling()
    }
    // It has done what it had.
    if (this.#inflow === 'recycled') this.abort('is replaced')
    return this.#inflow === 'open'
  }

  /** Counts what was taken; says whether it is wanted. */
  #counts(letter: Letter): boolean {
    this.#taken++
    this.terms.taken?.()
    if (this.terms.isWithdrawn?.(letter) === true) return false
    if (letter.kind !== 'notice') this.#tasks++
    return true
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))
