/**
 * Actors in the way of czmq's zactor, with the messages of Erlang's processes: started and stopped in step with their owner.
 */
import { AbortedError, type LifecycleState, parseOptions, type WaitOptions } from '@troupe/core'
import type { AnyActorLogic } from 'xstate'
import {
  type ActorOptions,
  type CheckedActorOptions,
  type InlineActorOptions,
  ShutdownTimeOption,
} from './actor.options.js'
import type { ActorFunction } from './actor-context.js'
import { ActorCore } from './actor-core.js'
import type { ArgsOf, MessageOf, ReplyOf, SaidOf, SchemedLogic } from './code.js'
import type { Exit, ShutdownTime, Supervised } from './exit.js'
import type { Handler } from './handler.js'
import type { DeadLetter, Down, Letter } from './letter.js'
import { type Linked, link, type Monitored } from './links.js'
import type { ModuleExport } from './load-export.js'
import { here } from './place.js'
import { prepareCode } from './prepared-code.js'
import type { ActorSnapshot } from './snapshot.js'

/** How long an ask waits for its answer unless it is told otherwise, in ms: OTP's default. */
const ASK_TIMEOUT_MS = 5_000

/** An actor of such code. */
export type ActorOf<Code> = Actor<MessageOf<Code>, ReplyOf<Code>, SaidOf<Code>>

/**
 * A running actor: of a function with a pipe, of any logic of xstate, or of a handler.
 * @example
 * await using echo = await Actor.start(async (pipe) => {
 *   for await (const message of pipe) await pipe.send(message)
 * })
 * await echo.send('hi')
 * console.log(await echo.receive())
 */
export class Actor<Message = unknown, Reply = unknown, Word = unknown>
  implements Supervised, Linked, AsyncDisposable, AsyncIterable<Word>
{
  /** What errors and logs call it. */
  readonly name: string
  readonly #core: ActorCore

  /**
   * Starts an actor; resolves when it has signalled that it is ready. A function is by using its pipe for the first time,
   * by calling `ready`, or by returning (czmq: a handler that returns unsignalled still releases the constructor); logic of
   * xstate is when it has started, a handler when its `init` is done.
   * What is no name of a module and an export runs in this thread. `args` (the input of a machine) are handed over as they
   * are in this thread, and as a structured clone to a thread or process.
   * @throws {TroupeError} `ACTOR_FAILED` or what the actor itself raised, `ACTOR_EXITED`, `OUT_OF_MEMORY`,
   * `SNAPSHOT_REFUSED`, `START_TIMEOUT`, `ABORTED`, `MODULE_NOT_FOUND`, `MODULE_FAILED`, `EXPORT_NOT_FOUND`,
   * `ENCODE_FAILED`, `INVALID_OPTIONS`
   */
  static start<Args = undefined>(run: ActorFunction<Args>, args?: Args, options?: InlineActorOptions): Promise<Actor>
  static start<Logic extends AnyActorLogic | SchemedLogic>(
    logic: Logic,
    input?: ArgsOf<Logic>,
    options?: InlineActorOptions,
  ): Promise<ActorOf<Logic>>
  static start<Args, State, Message, Reply, Input = Message>(
    handler: Handler<Args, State, Message, Reply, Input>,
    args?: Args,
    options?: InlineActorOptions,
  ): Promise<Actor<Input, Reply>>
  static start<Code = unknown>(
    code: ModuleExport<Code>,
    args?: ArgsOf<Code>,
    options?: ActorOptions,
  ): Promise<ActorOf<Code>>
  static async start(code: unknown, args?: unknown, options: ActorOptions = {}): Promise<Actor> {
    const place = options.place ?? here()
    const prepared = prepareCode(code, options, place)
    // Nothing of one that is given up already is to run.
    const { signal } = prepared.options
    if (signal?.aborted) throw new AbortedError(`the start of actor ${prepared.name}`, signal.reason)
    const core = new ActorCore(prepared, args, place)
    await core.lifecycle.start()
    return new Actor(core)
  }

  private constructor(core: ActorCore) {
    this.name = core.name
    this.#core = core
  }

  /** Its path in its tree; undefined if no supervisor has started it. */
  get path(): string | undefined {
    return this.#core.place?.path
  }

  /** How it ended. Never rejects. */
  get exit(): Promise<Exit> {
    return this.#core.exit
  }

  get state(): LifecycleState {
    return this.#core.lifecycle.state
  }

  get hasEnded(): boolean {
    return this.#core.hasEnded
  }

  /** The id of its process, if it has one of its own. */
  get pid(): number | undefined {
    return this.#core.bodies.pid
  }

  /** Where it runs. */
  get isolation(): CheckedActorOptions['isolation'] {
    return this.#core.code.options.isolation
  }

  /** How many messages its mailbox holds, without those on their way to a thread or process. */
  get mailboxSize(): number {
    return this.#core.mailbox.size
  }

  /** The last snapshot that is known: of a machine in this thread always, else while {@link subscribe} asks for it. */
  get snapshot(): ActorSnapshot | undefined {
    return this.#core.bodies.now ?? this.#core.snapshots.last
  }

  /** How many messages nobody took: see {@link onDeadLetter}. */
  get deadLetters(): number {
    return this.#core.deadLetters.count
  }

  /**
   * Puts a message into its mailbox, as a copy (OTP's cast); what happens when it is full is `whenFull`. In order, at most
   * once. What does not fit the actor's schema is refused here if the code is here, and is a dead letter if it is elsewhere.
   * @throws {TroupeError} `CLOSED` when it has ended, `QUEUE_FULL`, `INVALID_MESSAGE`, `ENCODE_FAILED`, `ABORTED`, `TIMEOUT`
   */
  async send(message: Message, options?: WaitOptions): Promise<void> {
    this.#core.lifecycle.assertRunning()
    await this.#core.mailbox.put({ kind: 'message', message: this.#core.code.copy(message) }, options)
  }

  /**
   * Asks it (OTP's call): resolves with what a handler's `receive` returned, with the snapshot of a machine after the event,
   * or with what a function gave to `pipe.reply`. Waits 5 s unless told otherwise; an answer that comes later is dropped, and
   * a question that was not taken is withdrawn.
   * @throws {TroupeError} `TIMEOUT`, `ABORTED`, `REFUSED`, what `send` raises, and the failure of an actor that ends by it
   */
  async ask(message: Message, options: WaitOptions = {}): Promise<Reply> {
    this.#core.lifecycle.assertRunning()
    const copy = this.#core.code.copy(message)
    let letter: Letter | undefined
    const put = (id: number) => {
      letter = { kind: 'ask', id, message: copy }
      return this.#core.mailbox.put(letter)
    }
    const withdraw = () => {
      if (letter !== undefined && !this.#core.mailbox.remove(letter)) this.#core.bodies.withdraw(letter)
    }
    const { signal, timeoutMs = ASK_TIMEOUT_MS } = options
    const wait = { signal, timeoutMs }
    return (await this.#core.asks.ask(`an ask of actor ${this.name}`, wait, put, withdraw)) as Reply
  }

  /**
   * Resolves with the next thing that it says (what a function sends, what a machine emits), or undefined when it has ended
   * and all was taken. @throws {TroupeError} `ABORTED`, `TIMEOUT`
   */
  async receive(options?: WaitOptions): Promise<Word | undefined> {
    return (await this.#core.said.take(options))?.message as Word | undefined
  }

  /** What it says, until it has ended. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Word, void> {
    for (let said = await this.#core.said.take(); said !== undefined; said = await this.#core.said.take()) {
      yield said.message as Word
    }
  }

  /**
   * Calls `listener` with its current snapshot and each that follows, the last one of its end among them; returns what ends
   * it. Snapshots are plain data; a context that cannot be sent from a thread or process is left out.
   */
  subscribe(listener: (snapshot: ActorSnapshot) => void): () => void {
    const end = this.#core.snapshots.subscribe(listener)
    this.#core.bodies.watch()
    return end
  }

  /** Calls `listener` with each message that nobody took from now on; returns what ends it. */
  onDeadLetter(listener: (letter: DeadLetter) => void): () => void {
    return this.#core.deadLetters.listen(listener)
  }

  /**
   * Has this actor told when another ends: one `troupe.down` in its mailbox, also when that has ended already (OTP's
   * monitor). Returns what ends it. For the owner itself, `exit` is that.
   */
  monitor(target: Monitored): () => void {
    return this.#core.monitor(target)
  }

  /**
   * Links it to another, both ways: when one ends otherwise than `normal`, so does the other: as `shutdown`, or failed with
   * `LINK_BROKEN` (OTP's link). One with `trapExit` is told instead, by a `troupe.exit` in its mailbox. Returns what ends it.
   */
  link(other: Actor<never, unknown, unknown>): () => void {
    return link(this, other, other.path ?? other.name)
  }

  /** Resolves with how it ends, as others are told it. Never rejects. */
  async down(): Promise<Down> {
    return this.#core.down()
  }

  /** For links: one that it is linked to has ended. */
  linkBroken(down: Down): void {
    this.#core.linkBroken(down)
  }

  /**
   * Stops it: its signal aborts at once, `$TERM` follows what its pipe holds, and after its shutdown time, or `timeoutMs`
   * instead, it is killed. A call while it stops may give it another time.
   * An inline actor that does not stop is left alone, as `killed`. Idempotent.
   * @throws {TroupeError} `INVALID_OPTIONS`
   */
  async stop({ timeoutMs }: { readonly timeoutMs?: ShutdownTime | undefined } = {}): Promise<void> {
    const time = timeoutMs && parseOptions(ShutdownTimeOption, timeoutMs, `the stop of actor ${this.name}`)
    await this.#core.stop(timeoutMs === 0 ? 0 : time)
  }

  /** Ends it without asking. Its exit tells when it is gone. */
  kill(): void {
    this.#core.kill()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}
