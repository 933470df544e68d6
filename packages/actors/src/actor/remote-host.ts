/**
 * The main of an actor's process or thread: loads what was named, runs it, and tells the owner how it went.
 */
import {
  type Deferred,
  deferred,
  errorData,
  errorFrom,
  resolveLog,
  type WaitOptions,
  within,
} from '@troupe/core/kernel'
import { namedBehaviour } from './behaviour-of.js'
import { Cell, type Outlet } from './cell.js'
import { EarlyPacking } from './early-packing.js'
import { ActorFailedError, type BodyExit } from './exit.js'
import { FROM_ACTOR, type Frame, LETTERS_AHEAD, NO_BODY, TO_ACTOR } from './frame.js'
import { HostInspection } from './host-inspection.js'
import type { Answer, DeadLetterReason, Letter, Notice } from './letter.js'
import { Mailbox } from './mailbox.js'
import type { Call } from './place.js'
import type { ActorSnapshot } from './snapshot.js'
import { watchMemory } from './watch-memory.js'
import type { Boot, FromHost, ToHost } from './words.js'

/** How long the owner may take to read what is left in the pipe, in ms. */
const DRAIN_MS = 5_000

export interface HostsPipe {
  send(frame: Frame): Promise<void> | void
}

/** How a host reaches its owner. */
export interface HostWays {
  tell(word: FromHost): void
  /** Opens the pipe. Called once, when it is first used from here; {@link RemoteHost.opened} may come before. */
  open(): void
  /** Says the last word, and ends the process or thread. */
  leave(word: FromHost): void
}

export class RemoteHost implements Outlet {
  readonly #ways: HostWays
  readonly #packing = new EarlyPacking()
  readonly #drained = deferred()
  readonly #calls = new Map<number, Deferred<unknown>>()
  readonly #inspection = new HostInspection({
    event: (event) => this.#say(FROM_ACTOR.inspected, 0, event),
    transition: (transition) => this.#say(FROM_ACTOR.transition, 0, transition),
    failed: (error) => this.#cell?.log.warn({ err: errorData(error) }, 'a machine cannot be looked at'),
  })
  #lastCall = 0
  /** Asks in the inbox that nobody waits for any more. */
  readonly #withdrawn = new Set<Letter>()
  #inbox: Mailbox<Letter> | undefined
  /** As many as there are messages that the owner has not taken. */
  #window: Mailbox<object> | undefined
  #cell: Cell | undefined
  #pipe: HostsPipe | undefined
  #use: 'unused' | 'opening' | 'open' = 'unused'
  readonly #waiting: Frame[] = []
  #boot: Boot | undefined
  #taken = 0
  #toldTaken = 0

  constructor(ways: HostWays) {
    this.#ways = ways
  }

  /** Takes a word of the owner. */
  heard(word: ToHost): void {
    switch (word.type) {
      case 'boot':
        return void this.#run(word).catch((error: unknown) => this.fail(error))
      case 'terminate':
        return this.#cell?.abort('was told to stop')
      case 'end':
        return this.#inbox?.end()
      case 'recycle':
        this.#cell?.recycle()
        return this.recycling()
      case 'watch':
        return this.#cell?.watch()
      case 'inspect':
        return this.#inspection.want(word.wanted)
      case 'drained':
        return this.#drained.resolve()
      case 'ping':
        return this.#ways.tell({ type: 'pong' })
    }
  }

  /** Takes a frame of the pipe. */
  came(frame: Frame): void {
    if (!this.#packing.isLoaded) return void this.#packing.load().then(() => this.came(frame))
    const { kind, number, body } = frame
    const inbox = this.#inbox!
    switch (kind) {
      case TO_ACTOR.message:
        return void inbox.force({ kind: 'message', message: this.#packing.unpack(body) })
      case TO_ACTOR.ask:
        return void inbox.force({ kind: 'ask', id: number, message: this.#packing.unpack(body) })
      case TO_ACTOR.notice:
        return void inbox.force({ kind: 'notice', message: this.#packing.unpack(body) as Notice })
      case TO_ACTOR.end:
        return this.#inbox?.end()
      case TO_ACTOR.heard:
        for (let count = 0; count < number; count++) this.#window!.poll()
        return
      case TO_ACTOR.called:
        return this.#called(number, this.#packing.unpack(body) as Answer)
      case TO_ACTOR.withdrawn:
        return this.#withdraw(number)
    }
  }

  /** The pipe is open. What was said before goes first. */
  async opened(pipe: HostsPipe): Promise<void> {
    await this.#packing.load()
    this.#use = 'open'
    this.#pipe = pipe
    for (const frame of this.#waiting.splice(0)) void pipe.send(frame)
  }

  /** Something went wrong outside the actor's own code, or nobody had handled it: the end. */
  fail(error: unknown): void {
    this.#ways.leave({ type: 'failed', error: errorData(error), taken: this.#taken })
  }

  /** The owner is gone: the actor is told to stop. */
  orphaned(): void {
    this.#cell?.abort('has lost the process that owns it')
    this.#inbox?.end()
  }

  started(): void {
    this.#ways.tell({ type: 'ready' })
    // An actor that is ready will be spoken to, or will speak.
    void this.#packing.load()
  }

  async send(message: unknown, wait?: WaitOptions): Promise<void> {
    const packed = this.#packing.pack(message)
    this.#open()
    const body = packed instanceof Promise ? await packed : packed
    await this.#window!.put({}, wait)
    await this.#post({ kind: FROM_ACTOR.message, number: 0, body })
  }

  emit(message: unknown): void {
    if (!this.#window!.offer({})) return this.dead('dropped', message)
    this.#say(FROM_ACTOR.message, 0, message, rethrow)
  }

  answer(id: number, answer: Answer): void {
    this.#say(FROM_ACTOR.answer, id, answer, (error) => ({ error: errorData(error) }))
  }

  snapshot(snapshot: ActorSnapshot): void {
    const { status, value } = snapshot
    // A context with things that only live here is left out.
    this.#say(FROM_ACTOR.snapshot, 0, snapshot, () => ({ status, ...(value !== undefined && { value }) }))
  }

  keep(persisted: unknown): void {
    this.#say(FROM_ACTOR.keep, 0, persisted, rethrow)
  }

  dead(reason: DeadLetterReason, message: unknown): void {
    this.#say(FROM_ACTOR.dead, 0, { reason, message }, () => ({ reason }))
  }

  async call(call: Call, wait: WaitOptions = {}): Promise<unknown> {
    const id = ++this.#lastCall
    const called = deferred<unknown>()
    this.#calls.set(id, called)
    try {
      this.#say(FROM_ACTOR.call, id, call, (error) => {
        called.reject(error)
        return undefined
      })
      // The owner keeps to the time.
      return await within(`a call to ${call.path}`, { signal: wait.signal }, called.promise)
    } finally {
      this.#calls.delete(id)
    }
  }

  recycling(): void {
    this.#ways.tell({ type: 'recycling', taken: this.#taken })
  }

  async #run(boot: Boot): Promise<void> {
    const { name, path, args, maxTasks, persists, kept, pipeLimit, unheard, maxMemoryMiB } = boot
    this.#boot = boot
    this.#inbox = new Mailbox({ what: `the pipe of actor ${name}`, limit: Number.POSITIVE_INFINITY })
    this.#window = new Mailbox({ what: `the pipe of actor ${name}`, limit: pipeLimit })
    for (let count = 0; count < unheard; count++) this.#window.force({})
    if (maxMemoryMiB !== undefined) watchMemory(maxMemoryMiB, () => this.#ways.leave({ type: 'out-of-memory' }))
    this.#cell = new Cell({
      ...{ name, path, args, inbox: this.#inbox, outlet: this, maxTasks, persists, kept },
      log: () => resolveLog().child({ actor: path ?? name }),
      taken: () => this.#tookOne(),
      inspectable: ({ system }) => this.#inspection.has(system),
      isWithdrawn: (letter) => this.#withdrawn.delete(letter),
    })
    const code = { module: new URL(boot.module), export: boot.export }
    await this.#leave(await this.#cell.run(namedBehaviour(code)))
  }

  /** Sees what was said safely to the owner, says the last word, and ends. */
  async #leave(exit: BodyExit): Promise<void> {
    this.#window!.unbound()
    while (this.#packing.isBusy) await turn()
    if (this.#use !== 'unused') {
      // Those that waited for room go first.
      await turn()
      await within('the end of the pipe', { timeoutMs: DRAIN_MS }, this.#endPipe()).catch(() => undefined)
    }
    // Wrapped as a failure by the owner, whose errors keep their classes.
    if (exit.reason === 'failed') this.fail(exit.error instanceof ActorFailedError ? exit.error.cause : exit.error)
    else this.#ways.leave({ type: 'ended', exit, taken: this.#taken })
  }

  async #endPipe(): Promise<void> {
    this.#ways.tell({ type: 'ending', taken: this.#taken })
    await this.#post({ kind: FROM_ACTOR.end, number: 0, body: NO_BODY })
    await this.#drained.promise
  }

  /** Says something that nobody waits for. `otherwise` gives what to say instead of what cannot be packed. */
  #say(kind: number, number: number, value: unknown, otherwise: (error: unknown) => unknown = () => undefined): void {
    this.#open()
    const post = (body: Uint8Array) => void this.#post({ kind, number, body })
    const instead = (error: unknown) => this.#say(kind, number, otherwise(error))
    try {
      const packed = this.#packing.pack(value)
      if (packed instanceof Promise) packed.then(post, instead).catch((error: unknown) => this.fail(error))
      else post(packed)
    } catch (error) {
      instead(error)
    }
  }

  #post(frame: Frame): Promise<void> | void {
    if (this.#pipe !== undefined) return this.#pipe.send(frame)
    this.#open()
    this.#waiting.push(frame)
  }

  #open(): void {
    if (this.#use !== 'unused') return
    this.#use = 'opening'
    this.#ways.open()
  }

  #called(id: number, answer: Answer): void {
    const called = this.#calls.get(id)
    if ('error' in answer) called?.reject(errorFrom(answer.error))
    else called?.resolve(answer.value)
  }

  #withdraw(id: number): void {
    const ask = this.#inbox!.contents.find((letter) => letter.kind === 'ask' && letter.id === id)
    if (ask !== undefined) this.#withdrawn.add(ask)
  }

  #tookOne(): void {
    this.#taken++
    const ahead = Math.min(LETTERS_AHEAD, this.#boot!.pipeLimit)
    if (this.#taken - this.#toldTaken < ahead / 2) return
    void this.#post({ kind: FROM_ACTOR.taken, number: this.#taken, body: NO_BODY })
    this.#toldTaken = this.#taken
  }
}

const rethrow = (error: unknown): never => {
  throw error
}
const turn = () => new Promise((resolve) => setImmediate(resolve))
