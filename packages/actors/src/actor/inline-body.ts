/**
 * An actor in this thread. It cannot be killed, only left alone.
 */
import { ClosedError, deferred, errorData, resolveLog, type TroupeError, type WaitOptions } from '@troupe/core/kernel'
import type { Body, BodyTerms } from './body.js'
import { type Behaviour, Cell, type Outlet } from './cell.js'
import type { BodyExit } from './exit.js'
import type { Answer, DeadLetterReason, Letter } from './letter.js'
import { copied } from './packing.js'
import type { Call } from './place.js'
import type { ActorSnapshot } from './snapshot.js'

const NOTHING: readonly Letter[] = []

export class InlineBody implements Body, Outlet {
  readonly pid = undefined
  readonly untaken = NOTHING
  readonly unsure = NOTHING
  readonly #terms: BodyTerms
  readonly #cell: Cell
  readonly #ready = deferred()
  readonly #ended = deferred<BodyExit>()
  #isOver = false

  constructor(terms: BodyTerms, behaviour: Behaviour) {
    this.#terms = terms
    const { name, args, options, place, mailbox, kept, events } = terms
    this.#cell = new Cell({
      ...{ name, args, path: place?.path, inbox: mailbox, outlet: this, kept, maxTasks: options.maxTasks },
      persists: options.persist !== undefined,
      log: () => resolveLog(options.log).child({ actor: place?.path ?? name }),
      inspectable: ({ system }) => void this.#ended.promise.then(events.inspectable(system)),
    })
    // A turn later, so that the owner has its actor in hand before the first line of it runs.
    void Promise.resolve()
      .then(() => this.#cell.run(behaviour))
      .then((exit) => this.#end(exit))
  }

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
    this.#terms.events.answered(id, packed(answer))
  }

  snapshot(snapshot: ActorSnapshot): void {
    if (!this.#isOver) this.#terms.events.snapshot(snapshot)
  }

  keep(persisted: unknown): void {
    if (!this.#isOver) this.#terms.events.keep(persisted)
  }

  dead(reason: DeadLetterReason, message: unknown): void {
    if (!this.#isOver) this.#terms.events.dead(reason, message)
  }

  call(call: Call, wait?: WaitOptions): Promise<unknown> {
    return this.#terms.events.call(call, wait)
  }

  recycling(): void {
    this.#terms.events.recycling()
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
