/**
 * An actor in this thread. It cannot be killed, only left alone.
 */
import {
  ClosedError,
  deferred,
  errorData,
  type Logger,
  resolveLog,
  type TroupeError,
  type WaitOptions,
} from '@troupe/core/kernel'
import type { Body, BodyTerms } from './body.js'
import { type Behaviour, Cell, type CellTerms, type Outlet } from './cell.js'
import type { BodyExit } from './exit.js'
import type { Answer, DeadLetterReason, Letter } from './letter.js'
import type { Mailbox } from './mailbox.js'
import { copied } from './packing.js'
import type { Call, Observed } from './place.js'
import type { ActorSnapshot } from './snapshot.js'

const NOTHING: readonly Letter[] = []

export class InlineBody implements Body, CellTerms, Outlet {
  readonly pid = undefined
  readonly untaken = NOTHING
  readonly unsure = NOTHING
  readonly kept: unknown
  readonly #terms: BodyTerms
  readonly #cell: Cell
  readonly #ready = deferred()
  readonly #ended = deferred<BodyExit>()
  #isOver = false

  constructor(terms: BodyTerms, kept: unknown, behaviour: Behaviour) {
    this.#terms = terms
    this.kept = kept
    this.#cell = new Cell(this)
    // A turn later, so that the owner has its actor in hand before the first line of it runs.
    void Promise.resolve()
      .then(() => this.#cell.run(behaviour))
      .then((exit) => this.#end(exit))
  }

  // The terms of the cell.

  get name(): string {
    return this.#terms.name
  }

  get path(): string | undefined {
    return this.#terms.place?.path
  }

  get args(): unknown {
    return this.#terms.args
  }

  get inbox(): Mailbox<Letter> {
    return this.#terms.mailbox
  }

  get outlet(): Outlet {
    return this
  }

  get maxTasks(): number {
    return this.#terms.options.maxTasks
  }

  get persists(): boolean {
    return this.#terms.options.persist !== undefined
  }

  log(): Logger {
    return resolveLog(this.#terms.options.log).child({ actor: this.path ?? this.name })
  }

  inspectable({ system }: { readonly system: Observed }): void {
    void this.#ended.promise.then(this.#terms.inspectable(system))
  }

  // What its owner has of it.

  get ready(): Promise<void> {
    return this.#ready.promise
  }

  get ended(): Promise<BodyExit> {
    return this.#ended.promise
  }

  get now(): ActorSnapshot | undefined {
    return this.#isOver ? undefined : this.#cell.now
  }

  terminate(): void {
    this.#cell.abort('was told to stop')
  }

  recycle(): void {
    this.#cell.recycle()
  }

  kill(why?: TroupeError): void {
    this.#cell.abort('was killed')
    this.#cell.cut()
    this.#end(why === undefined ? { reason: 'killed' } : { reason: 'failed', error: why })
  }

  watch(): void {
    this.#cell.watch()
  }

  withdraw(): void {}

  heard(): void {}

  async release(): Promise<void> {}

  // What follows is the outlet of the cell. One that was left alone is not heard any more.

  started(): void {
    this.#ready.resolve()
  }

  async send(message: unknown, wait?: WaitOptions): Promise<void> {
    if (this.#isOver) throw new ClosedError(`the pipe of actor ${this.#terms.name}`)
    await this.#terms.said.put({ message: copied(message) }, wait)
  }

  emit(message: unknown): void {
    if (this.#isOver) return
    if (!this.#terms.said.offer({ message: copied(message) })) this.dead('dropped', message)
  }

  answer(id: number, answer: Answer): void {
    if (this.#isOver) return
    this.#terms.answered(id, packed(answer))
  }

  snapshot(snapshot: ActorSnapshot): void {
    if (!this.#isOver) this.#terms.snapshot(snapshot)
  }

  keep(persisted: unknown): void {
    if (!this.#isOver) this.#terms.keep(persisted)
  }

  dead(reason: DeadLetterReason, message: unknown): void {
    if (!this.#isOver) this.#terms.dead(reason, message)
  }

  call(call: Call, wait?: WaitOptions): Promise<unknown> {
    return this.#terms.call(call, wait)
  }

  recycling(): void {
    this.#terms.recycling()
  }

  #end(exit: BodyExit): void {
    if (this.#isOver) return
    this.#isOver = true
    if (exit.reason === 'failed') this.#ready.reject(exit.error)
    else this.#ready.resolve()
    this.#ended.resolve(exit)
  }
}

/** An answer as it would come from elsewhere. */
function packed(answer: Answer): Answer {
  try {
    return 'value' in answer ? { value: copied(answer.value) } : answer
  } catch (error) {
    return { error: errorData(error) }
  }
}
