/**
 * Any logic of xstate as an actor: messages are its events, what it emits is what the actor says, its end is the actor's.
 */
import { deferred, errorData, TroupeError } from '@troupe/core/kernel'
import { type AnyActor, type AnyActorRef, createActor, type EventObject, type Snapshot } from 'xstate'
import type { Behaviour, Cell } from './cell.js'
import { checked } from './checked.js'
import type { SchemedLogic } from './code.js'
import type { Letter } from './letter.js'
import type { ActorSnapshot } from './snapshot.js'

/** Runs a logic. It is ready once it has started: a machine in its initial state, a promise that is pending. */
export const logicBehaviour =
  (code: SchemedLogic): Behaviour =>
  (cell) =>
    new LogicRun(code, cell).run()

class LogicRun {
  readonly #cell: Cell
  readonly #schemas: SchemedLogic['schemas']
  readonly #actor: AnyActor
  readonly #over = deferred<unknown>()
  #outcome: 'open' | 'over' | 'failed' = 'open'
  #isTaking = false

  constructor({ logic, schemas }: SchemedLogic, cell: Cell) {
    this.#cell = cell
    this.#schemas = schemas
    const { args, name, path, kept } = cell.terms
    const snapshot = kept === undefined ? undefined : this.#restorable(kept)
    const options = {
      // What an inspector calls it: of many actors of one machine, it tells which.
      id: path ?? name,
      input: args,
      logger: (...words: unknown[]) => cell.log.debug({ words }, 'the machine says'),
      ...(snapshot !== undefined && { snapshot }),
    }
    this.#actor = createActor(logic, options as never) as AnyActor
    // What xstate cannot restore from it makes an actor that has failed.
    const { status, error } = this.#actor.getSnapshot() as { status: string; error?: unknown }
    if (snapshot !== undefined && status === 'error') throw this.#refused(error)
  }

  async run(): Promise<unknown> {
    const actor = this.#actor
    actor.subscribe({
      next: () => this.#changed(),
      complete: () => this.#completed(),
      // An error that nobody observes ends the whole process.
      error: (error) => this.#failed(error),
    })
    actor.on('*', (event: EventObject) => this.#emitted(event))
    this.#cell.terms.inspectable?.(actor)
    actor.start()
    this.#cell.watchable(() => snapshotOf(actor))
    if (this.#isOpen) {
      this.#cell.ready()
      await this.#takeAll()
    }
    if (this.#isOpen) actor.stop()
    return this.#isOpen ? undefined : this.#over.promise
  }

  get #isOpen(): boolean {
    return this.#outcome === 'open'
  }

  async #takeAll(): Promise<void> {
    this.#isTaking = true
    while (this.#isOpen) {
      let letter = this.#cell.next()
      if (letter instanceof Promise) letter = await letter
      if (letter === undefined) break
      this.#take(letter)
    }
    this.#isTaking = false
  }

  #take(letter: Letter): void {
    const what = `an event for actor ${this.#cell.terms.name}`
    try {
      const event = letter.kind === 'notice' ? letter.message : checked(this.#schemas.events, letter.message, what)
      this.#actor.send(asEvent(event, what))
    } catch (error) {
      if (letter.kind === 'ask') this.#cell.refuse(letter.id, error as Error)
      else this.#cell.terms.outlet.dead('invalid', letter.message)
      return
    }
    // What the event has changed is what was asked for; an actor that failed by it says so by its end.
    if (letter.kind === 'ask' && this.#outcome !== 'failed')
      this.#cell.terms.outlet.answer(letter.id, { value: snapshotOf(this.#actor) })
  }

  #changed(): void {
    if (this.#actor.getSnapshot().status !== 'active') return
    this.#keep()
    this.#cell.changed()
  }

  #completed(): void {
    if (!this.#isOpen) return
    this.#outcome = 'over'
    this.#cell.changed()
    this.#over.resolve((this.#actor.getSnapshot() as { output?: unknown }).output)
    if (this.#isTaking) this.#cell.cut()
  }

  #failed(error: unknown): void {
    if (!this.#isOpen) return
    this.#outcome = 'failed'
    this.#cell.changed()
    this.#over.reject(error)
    if (this.#isTaking) this.#cell.cut()
    this.#actor.stop()
  }

  #keep(): void {
    if (!this.#cell.terms.persists) return
    try {
      this.#cell.terms.outlet.keep(this.#actor.getPersistedSnapshot())
    } catch (error) {
      // Xstate would throw it where nobody can catch it.
      this.#failed(error)
    }
  }

  #emitted(event: EventObject): void {
    const { name, outlet } = this.#cell.terms
    try {
      outlet.emit(checked(this.#schemas.emits, event, `an event that actor ${name} emits`))
    } catch (error) {
      // It is the machine's own mistake, and not one of whoever waits for what it emits.
      this.#failed(error)
    }
  }

  #restorable(kept: unknown): Snapshot<unknown> {
    const what = `the kept snapshot of actor ${this.#cell.terms.name}`
    try {
      const snapshot = checked(this.#schemas.snapshot, kept, what) as Snapshot<unknown> | null
      if (typeof snapshot?.status === 'string') return snapshot
    } catch (error) {
      throw this.#refused(error)
    }
    throw this.#refused(new TypeError('it has no status, and is no snapshot of xstate'))
  }

  #refused(cause: unknown): TroupeError {
    const why = `the kept snapshot of actor ${this.#cell.terms.name} does not fit it: ${errorData(cause).message}`
    return new TroupeError('SNAPSHOT_REFUSED', why, { cause })
  }
}

function asEvent(event: unknown, what: string): EventObject {
  if (typeof (event as EventObject | null | undefined)?.type === 'string') return event as EventObject
  throw new TroupeError('INVALID_MESSAGE', `${what} has no type: an event is an object with a type, a string`)
}

/** The snapshot of an actor of xstate as plain data: references to its children are left out. */
function snapshotOf(actor: AnyActorRef): ActorSnapshot {
  const { status, value, context, output, error, tags } = actor.getSnapshot() as Partial<ActorSnapshot> & {
    readonly tags?: ReadonlySet<string>
  }
  return {
    status: status ?? 'active',
    ...(value !== undefined && { value }),
    ...(context !== undefined && { context }),
    ...(output !== undefined && { output }),
    ...(error !== undefined && { error: errorData(error) }),
    ...(tags !== undefined && tags.size > 0 && { tags: [...tags] }),
  }
}
