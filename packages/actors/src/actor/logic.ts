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
  #isOver = false

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
    this.#actor = this.#make(() => createActor(logic, options as never) as AnyActor)
  }

  async run(): Promise<unknown> {
    const actor = this.#actor
    actor.subscribe({
      next: () => this.#changed(),
      complete: () => this.#end(() => this.#over.resolve((actor.getSnapshot() as { output?: unknown }).output)),
      // An error that nobody observes ends the whole process.
      error: (error) => this.#end(() => this.#over.reject(error)),
    })
    actor.on('*', (event: EventObject) => this.#emitted(event))
    this.#cell.terms.inspectable?.(actor)
    this.#make(() => actor.start())
    this.#cell.watchable(() => snapshotOf(actor))
    if (!this.#isOver) {
      this.#keep()
      this.#cell.ready()
      await this.#takeAll()
    }
    if (!this.#isOver) actor.stop()
    return this.#isOver ? this.#over.promise : undefined
  }

  async #takeAll(): Promise<void> {
    while (!this.#isOver) {
      let letter = this.#cell.next()
      if (letter instanceof Promise) letter = await letter
      if (letter === undefined) return
      this.#take(letter)
    }
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
    const snapshot = snapshotOf(this.#actor)
    if (letter.kind === 'ask' && snapshot.status !== 'error')
      this.#cell.terms.outlet.answer(letter.id, { value: snapshot })
  }

  #changed(): void {
    if (this.#actor.getSnapshot().status !== 'active') return
    this.#keep()
    this.#cell.changed()
  }

  #end(settle: () => void): void {
    this.#isOver = true
    this.#cell.changed()
    settle()
    this.#cell.cut()
  }

  #keep(): void {
    if (this.#cell.terms.persists) this.#cell.terms.outlet.keep(this.#actor.getPersistedSnapshot())
  }

  #emitted(event: EventObject): void {
    const { name, outlet } = this.#cell.terms
    try {
      outlet.emit(checked(this.#schemas.emits, event, `an event that actor ${name} emits`))
    } catch (error) {
      // It is the machine's own mistake, and not one of whoever waits for what it emits.
      this.#end(() => this.#over.reject(error))
      this.#actor.stop()
    }
  }

  #restorable(kept: unknown): Snapshot<unknown> {
    try {
      return checked(
        this.#schemas.snapshot,
        kept,
        `the kept snapshot of actor ${this.#cell.terms.name}`,
      ) as Snapshot<unknown>
    } catch (error) {
      throw this.#refused(error)
    }
  }

  /** What fails here with a kept snapshot fails because of it. */
  #make<Made>(make: () => Made): Made {
    try {
      return make()
    } catch (error) {
      throw this.#cell.terms.kept === undefined ? error : this.#refused(error)
    }
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
