/**
 * Actors in the way of czmq's zactor, with the messages of Erlang's processes: started and stopped in step with their owner.
 */
import {
  AbortedError,
  ClosedError,
  errorData,
  Lifecycle,
  type LifecycleState,
  type Logger,
  parseOptions,
  resolveLog,
  TimeoutError,
  TroupeError,
  type WaitOptions,
  within,
} from '@troupe/core'
import type { AnyActorLogic, InspectionEvent } from 'xstate'
import {
  type ActorOptions,
  type CheckedActorOptions,
  type InlineActorOptions,
  ShutdownTimeOption,
} from './actor.options.js'
import type { ActorFunction } from './actor-context.js'
import { Asks } from './asks.js'
import type { BodyEvents, Said } from './body.js'
import { BodySeries } from './body-series.js'
import type { ArgsOf, MessageOf, ReplyOf, SaidOf, SchemedLogic } from './code.js'
import { DeadLetters } from './dead-letters.js'
import type { Exit, ShutdownTime, Supervised } from './exit.js'
import type { Handler } from './handler.js'
import { toldTo } from './inspect-option.js'
import type { DeadLetter, Down, Letter } from './letter.js'
import { downOf, type Linked, link, linkEffect, type Monitored, monitor } from './links.js'
import type { ModuleExport } from './load-export.js'
import { Mailbox } from './mailbox.js'
import { type Call, here, type Observed, type Place } from './place.js'
import { type PreparedCode, prepareCode } from './prepared-code.js'
import type { ActorSnapshot } from './snapshot.js'
import { SnapshotKeeper } from './snapshot-keeper.js'
import { Snapshots } from './snapshots.js'

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
  readonly #code: PreparedCode
  readonly #place: Place | undefined
  readonly #inspector: ((event: InspectionEvent) => void) | undefined
  readonly #asks = new Asks()
  readonly #mailbox: Mailbox<Letter>
  readonly #said: Mailbox<Said>
  readonly #snapshots: Snapshots
  readonly #deadLetters: DeadLetters
  readonly #keeper: SnapshotKeeper | undefined
  readonly #bodies: BodySeries
  readonly #lifecycle: Lifecycle
  readonly #exit: Promise<Exit>
  #shutdownMs: ShutdownTime

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
  static start<Args, State, Message, Reply>(
    handler: Handler<Args, State, Message, Reply>,
    args?: Args,
    options?: InlineActorOptions,
  ): Promise<Actor<Message, Reply>>
  static start<Code = unknown>(
    code: ModuleExport<Code>,
    args?: ArgsOf<Code>,
    options?: ActorOptions,
  ): Promise<ActorOf<Code>>
  static async start(code: unknown, args?: unknown, options: ActorOptions = {}): Promise<Actor> {
    const place = options.place ?? here()
    const prepared = prepareCode(code, options)
    // Nothing of one that is given up already is to run.
    const { signal } = prepared.options
    if (signal?.aborted) throw new AbortedError(`the start of actor ${prepared.name}`, signal.reason)
    const actor = new Actor(prepared, args, place)
    await actor.#lifecycle.start()
    return actor
  }

  private constructor(code: PreparedCode, args: unknown, place: Place | undefined) {
    const { name, options } = code
    this.name = name
    this.#code = code
    this.#place = place
    this.#shutdownMs = options.shutdownMs
    const failed = (error: unknown) => this.#log().error({ err: errorData(error) }, 'a listener of an actor failed')
    this.#inspector = options.inspect && toldTo(options.inspect, failed)
    this.#snapshots = new Snapshots(failed)
    this.#deadLetters = new DeadLetters({ name, place, failed, read: (message) => code.read(message) })
    const what = `the pipe of actor ${name}`
    const { pipeLimit: limit, whenFull, persist } = options
    this.#mailbox = new Mailbox({
      ...{ what, limit, whenFull, dropped: (letter) => this.#dropped(letter) },
      // What it was promised to be told it is told.
      keeps: ({ kind }) => kind === 'notice',
    })
    this.#said = new Mailbox({ what, limit, taken: () => this.#bodies.heard() })
    this.#keeper = persist && new SnapshotKeeper(persist, this.path ?? name, () => this.#log())
    this.#bodies = new BodySeries({
      ...{ name, options, mailbox: this.#mailbox, keeper: this.#keeper },
      replaced: (lost) => this.#replaced(lost),
      ended: (lost) => this.#unread(lost),
      make: (kept) =>
        code.body({
          name,
          place,
          args,
          options,
          mailbox: this.#mailbox,
          said: this.#said,
          events: this.#events(),
          kept,
        }),
    })
    this.#lifecycle = new Lifecycle({
      what: `actor ${name}`,
      id: `lifecycle of ${this.path ?? name}`,
      open: () => this.#opened(),
      close: () => this.#close(),
    })
    const ended = this.#began(this.#lifecycle)
    this.#exit = this.#watch()
    void this.#exit.then(ended)
  }

  /** Its path in its tree; undefined if no supervisor has started it. */
  get path(): string | undefined {
    return this.#place?.path
  }

  /** How it ended. Never rejects. */
  get exit(): Promise<Exit> {
    return this.#exit
  }

  get state(): LifecycleState {
    return this.#lifecycle.state
  }

  get hasEnded(): boolean {
    return this.state === 'stopped' || this.state === 'failed'
  }

  /** The id of its process, if it has one of its own. */
  get pid(): number | undefined {
    return this.#bodies.pid
  }

  /** Where it runs. */
  get isolation(): CheckedActorOptions['isolation'] {
    return this.#code.options.isolation
  }

  /** How many messages its mailbox holds, without those on their way to a thread or process. */
  get mailboxSize(): number {
    return this.#mailbox.size
  }

  /** The last snapshot that is known: of a machine in this thread always, else while {@link subscribe} asks for it. */
  get snapshot(): ActorSnapshot | undefined {
    return this.#bodies.now ?? this.#snapshots.last
  }

  /** How many messages nobody took: see {@link onDeadLetter}. */
  get deadLetters(): number {
    return this.#deadLetters.count
  }

  /**
   * Puts a message into its mailbox, as a copy (OTP's cast); what happens when it is full is `whenFull`. In order, at most
   * once. What does not fit the actor's schema is refused here if the code is here, and is a dead letter if it is elsewhere.
   * @throws {TroupeError} `CLOSED` when it has ended, `QUEUE_FULL`, `INVALID_MESSAGE`, `ENCODE_FAILED`, `ABORTED`, `TIMEOUT`
   */
  async send(message: Message, options?: WaitOptions): Promise<void> {
    this.#lifecycle.assertRunning()
    await this.#mailbox.put({ kind: 'message', message: this.#code.copy(message) }, options)
  }

  /**
   * Asks it (OTP's call): resolves with what a handler's `receive` returned, with the snapshot of a machine after the event,
   * or with what a function gave to `pipe.reply`. Waits 5 s unless told otherwise; an answer that comes later is dropped, and
   * a question that was not taken is withdrawn.
   * @throws {TroupeError} `TIMEOUT`, `ABORTED`, `REFUSED`, what `send` raises, and the failure of an actor that ends by it
   */
  async ask(message: Message, options: WaitOptions = {}): Promise<Reply> {
    this.#lifecycle.assertRunning()
    const copy = this.#code.copy(message)
    let letter: Letter | undefined
    const put = (id: number) => {
      letter = { kind: 'ask', id, message: copy }
      return this.#mailbox.put(letter)
    }
    const withdraw = () => {
      if (letter !== undefined && !this.#mailbox.remove(letter)) this.#bodies.withdraw(letter)
    }
    const { signal, timeoutMs = ASK_TIMEOUT_MS } = options
    const wait = { signal, timeoutMs }
    return (await this.#asks.ask(`an ask of actor ${this.name}`, wait, put, withdraw)) as Reply
  }

  /**
   * Resolves with the next thing that it says (what a function sends, what a machine emits), or undefined when it has ended
   * and all was taken. @throws {TroupeError} `ABORTED`, `TIMEOUT`
   */
  async receive(options?: WaitOptions): Promise<Word | undefined> {
    return (await this.#said.take(options))?.message as Word | undefined
  }

  /** What it says, until it has ended. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Word, void> {
    for (let said = await this.#said.take(); said !== undefined; said = await this.#said.take()) {
      yield said.message as Word
    }
  }

  /**
   * Calls `listener` with its current snapshot and each that follows, the last one of its end among them; returns what ends
   * it. Snapshots are plain data; a context that cannot be sent from a thread or process is left out.
   */
  subscribe(listener: (snapshot: ActorSnapshot) => void): () => void {
    const end = this.#snapshots.subscribe(listener)
    this.#bodies.watch()
    return end
  }

  /** Calls `listener` with each message that nobody took from now on; returns what ends it. */
  onDeadLetter(listener: (letter: DeadLetter) => void): () => void {
    return this.#deadLetters.listen(listener)
  }

  /**
   * Has this actor told when another ends: one `troupe.down` in its mailbox, also when that has ended already (OTP's
   * monitor). Returns what ends it. For the owner itself, `exit` is that.
   */
  monitor(target: Monitored): () => void {
    return monitor(target, (down) => this.#mailbox.force({ kind: 'notice', message: down }))
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
    return downOf(this.path ?? this.name, await this.exit)
  }

  /** For links: one that it is linked to has ended. */
  linkBroken(down: Down): void {
    const effect = linkEffect(this.name, down, this.#code.options.trapExit)
    if (effect.type === 'notice') this.#mailbox.force({ kind: 'notice', message: effect.notice })
    if (effect.type === 'stop') void this.stop()
    if (effect.type === 'kill') this.#kill(effect.why)
  }

  /**
   * Stops it: its signal aborts at once, `$TERM` follows what its pipe holds, and after its shutdown time, or `timeoutMs`
   * instead, it is killed. A call while it stops may give it another time.
   * An inline actor that does not stop is left alone, as `killed`. Idempotent.
   * @throws {TroupeError} `INVALID_OPTIONS`
   */
  async stop({ timeoutMs }: { readonly timeoutMs?: ShutdownTime | undefined } = {}): Promise<void> {
    if (timeoutMs !== undefined) {
      this.#shutdownMs = parseOptions(ShutdownTimeOption, timeoutMs, `the stop of actor ${this.name}`)
    }
    if (timeoutMs === 'brutal_kill') this.kill()
    // One that stops already may have been given longer.
    else if (timeoutMs !== undefined && this.state === 'stopping') void this.#endOrKill(timeoutMs)
    await this.#lifecycle.stop()
  }

  /** Ends it without asking. Its exit tells when it is gone. */
  kill(): void {
    this.#kill()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  #kill(why?: TroupeError): void {
    this.#shutdownMs = 'brutal_kill'
    this.#bodies.kill(why)
  }

  #events(): BodyEvents {
    return {
      answered: (id, answer) => {
        // What it has done is kept before anybody hears of it.
        const { safe } = this.#keeper ?? {}
        if (safe === undefined) this.#asks.answered(id, answer)
        else void safe.then((isSafe) => isSafe && this.#asks.answered(id, answer))
      },
      snapshot: (snapshot) => this.#snapshots.came(snapshot),
      keep: (persisted) => this.#keeper?.keep(persisted, (error) => this.#kill(error)),
      dead: (reason, message) => this.#deadLetters.add(reason, message),
      call: (call, wait) => this.#call(call, wait),
      recycling: () => this.#bodies.replacing(),
      inspectable: (system) => this.#began(system),
    }
  }

  /** Shows its tree and its inspector a machine that runs, until what this returns is called. */
  #began(one: Observed): () => void {
    const ended = this.#place?.tree.began(this.#place.path, one)
    const inspection = this.#inspector && one.inspect(this.#inspector)
    if (ended === undefined) return () => inspection?.unsubscribe()
    return () => {
      ended()
      inspection?.unsubscribe()
    }
  }

  async #call(call: Call, wait: WaitOptions = {}): Promise<unknown> {
    if (this.#place === undefined) throw new TroupeError('NO_ACTOR', `actor ${this.name} is in no tree`)
    const address = this.#place.tree.lookup(call.path)
    switch (call.type) {
      case 'monitor':
        return void this.monitor(address)
      case 'link': {
        const other = await address.linked()
        return void (other === undefined ? this.linkBroken(await address.down()) : link(this, other, call.path))
      }
      default: {
        const { timeoutMs } = call
        return await address[call.type](call.message, { ...wait, ...(timeoutMs !== undefined && { timeoutMs }) })
      }
    }
  }

  async #opened(): Promise<void> {
    const { startTimeoutMs, signal } = this.#code.options
    // What the actor raises is told apart from what ends the wait for it, which may look the same.
    const ready = this.#bodies.ready.then(
      () => undefined,
      (error: unknown) => ({ error }),
    )
    const wait = { timeoutMs: startTimeoutMs, signal }
    const failure = await within(`the start of actor ${this.name}`, wait, ready).catch((error: unknown) => {
      this.#shutdownMs = 'brutal_kill'
      if (!(error instanceof TimeoutError)) throw error
      throw new TroupeError(
        'START_TIMEOUT',
        `actor ${this.name} was not ready in ${startTimeoutMs} ms: it is when it first uses its pipe, calls ready(), or returns`,
      )
    })
    if (failure !== undefined) throw failure.error
  }

  async #watch(): Promise<Exit> {
    const exit = await this.#bodies.ended
    this.#empty(exit)
    if (exit.reason === 'failed') this.#lifecycle.fail(exit.error)
    // One that returns at once has been ready too: it has started before it stops.
    await this.#lifecycle.running().catch(() => undefined)
    await this.#lifecycle.stop()
    this.#snapshots.ended(exit)
    return exit
  }

  /** Nobody takes what is in its mailbox any more, and who waits for an answer gets none. */
  #empty(exit: Exit): void {
    this.#unread(this.#mailbox.close())
    const why =
      exit.reason === 'failed' ? exit.error : new ClosedError(`actor ${this.name}`, `it ended (${exit.reason})`)
    this.#asks.failAll(why)
    // What it had said can still be taken.
    this.#said.unbound()
    this.#said.end()
  }

  #unread(letters: readonly Letter[]): void {
    for (const letter of letters) if (letter.kind !== 'notice') this.#deadLetters.addLetter('unread', letter)
  }

  /** What its last body had taken and not answered, nobody answers any more. */
  #replaced(lost: readonly Letter[]): void {
    this.#unread(lost)
    const waiting = this.#mailbox.contents.flatMap((letter) => (letter.kind === 'ask' ? [letter.id] : []))
    const error = new ClosedError(`actor ${this.name}`, 'it was replaced before it answered')
    this.#asks.failOthers(new Set(waiting), error)
  }

  async #close(): Promise<void> {
    if (this.#shutdownMs === 'brutal_kill') this.#bodies.kill()
    else {
      this.#bodies.terminate()
      this.#mailbox.end()
      await this.#endOrKill(this.#shutdownMs)
    }
    await this.#bodies.ended
  }

  /** Waits for its end for so long, then kills it. */
  async #endOrKill(shutdownMs: number | 'infinity'): Promise<void> {
    const timeoutMs = shutdownMs === 'infinity' ? 0 : Math.max(1, shutdownMs)
    await within('its end', { timeoutMs }, this.#bodies.ended).catch(() => this.#bodies.kill())
  }

  #dropped(letter: Letter): void {
    this.#deadLetters.addLetter('dropped', letter)
    if (letter.kind !== 'ask') return
    const why = `the mailbox of actor ${this.name} is full, and the ask was dropped`
    this.#asks.fail(letter.id, new TroupeError('QUEUE_FULL', why, { retryable: true }))
  }

  #log(): Logger {
    return resolveLog(this.#code.options.log).child({ actor: this.path ?? this.name })
  }
}
