/**
 * Actors in the way of czmq's zactor: a function and a pipe, started and stopped in step with their owner.
 */
import {
  AbortedError,
  InvalidOptionsError,
  Lifecycle,
  type LifecycleState,
  parseOptions,
  TimeoutError,
  TroupeError,
  type WaitOptions,
  within,
} from '@troupe/core'
import { ActorOptions, type CheckedActorOptions, type InlineActorOptions, ShutdownTimeOption } from './actor.options.js'
import type { ActorFunction, Body } from './body.js'
import type { Exit, ShutdownTime, Supervised } from './exit.js'
import { inlineBody } from './inline-body.js'
import { isModuleExport, loadFunction, type ModuleExport } from './load-export.js'
import { processBody } from './process-body.js'

/**
 * A running actor.
 * @example
 * await using echo = await Actor.start(async (pipe) => {
 *   for await (const message of pipe) await pipe.send(message)
 * })
 * await echo.send('hi')
 * console.log(await echo.receive())
 */
export class Actor implements Supervised, AsyncDisposable, AsyncIterable<unknown> {
  /** What errors and logs call it. */
  readonly name: string
  readonly #body: Body
  readonly #lifecycle: Lifecycle
  readonly #exit: Promise<Exit>
  #shutdownMs: ShutdownTime

  /**
   * Starts an actor; resolves when it has signalled that it is ready: by using its pipe for the first time, by calling
   * `ready`, or by returning (czmq: a handler that returns unsignalled still releases the constructor).
   * A closure runs in this thread; code for a process is named by module and export. `args` are handed over as they are
   * in this thread, and as a structured clone to a process.
   * @throws {TroupeError} `ACTOR_FAILED` or what the actor itself raised, `ACTOR_EXITED`, `START_TIMEOUT`, `ABORTED`,
   * `MODULE_NOT_FOUND`, `MODULE_FAILED`, `EXPORT_NOT_FOUND`, `ENCODE_FAILED`, `INVALID_OPTIONS`
   */
  static start<Args = undefined>(run: ActorFunction<Args>, args?: Args, options?: InlineActorOptions): Promise<Actor>
  static start(code: ModuleExport, args?: unknown, options?: ActorOptions): Promise<Actor>
  static async start(
    code: ActorFunction<never> | ModuleExport,
    args?: unknown,
    options: ActorOptions = {},
  ): Promise<Actor> {
    const actor = Actor.#make(code as ActorFunction<unknown> | ModuleExport, args, options)
    await actor.#lifecycle.start()
    return actor
  }

  static #make(code: ActorFunction<unknown> | ModuleExport, args: unknown, given: ActorOptions): Actor {
    const options = parseOptions(ActorOptions, given, 'an actor')
    const isFunction = typeof code === 'function'
    if (!isFunction && !isModuleExport(code)) {
      throw new InvalidOptionsError('an actor', [
        { path: 'code', message: 'must be a function, or { module: a URL, export: a name }' },
      ])
    }
    const name = options.name ?? (isFunction ? code.name || 'anonymous' : code.export)
    if (isFunction && options.isolation !== 'inline') {
      throw new InvalidOptionsError(`actor ${name}`, [
        { path: 'isolation', message: `a closure cannot run in a ${options.isolation}: name a module and an export` },
      ])
    }
    // Nothing of one that is given up already is to run.
    if (options.signal?.aborted) throw new AbortedError(`the start of actor ${name}`, options.signal.reason)
    return new Actor(name, bodyOf(name, code, args, options), options)
  }

  private constructor(name: string, body: Body, options: CheckedActorOptions) {
    this.name = name
    this.#body = body
    this.#shutdownMs = options.shutdownMs
    this.#lifecycle = new Lifecycle({
      what: `actor ${name}`,
      open: () => this.#opened(options),
      close: () => this.#close(),
    })
    this.#exit = this.#watch()
  }

  /** How it ended. Never rejects. */
  get exit(): Promise<Exit> {
    return this.#exit
  }

  get state(): LifecycleState {
    return this.#lifecycle.state
  }

  /** The id of its process, if it has one of its own. */
  get pid(): number | undefined {
    return this.#body.pid
  }

  /**
   * Sends a message into its pipe; waits while the pipe is full. In order.
   * @throws {TroupeError} `CLOSED` when it has ended, `ENCODE_FAILED`, `ABORTED`, `TIMEOUT`
   */
  async send(message: unknown, options?: WaitOptions): Promise<void> {
    this.#lifecycle.assertRunning()
    await this.#body.pipe.send(message, options)
  }

  /** Resolves with its next message, or undefined when it has ended and all was taken. @throws {TroupeError} `ABORTED`, `TIMEOUT` */
  receive(options?: WaitOptions): Promise<unknown> {
    return this.#body.pipe.receive(options)
  }

  /** Its messages, until it has ended. */
  [Symbol.asyncIterator](): AsyncIterator<unknown> {
    return this.#body.pipe[Symbol.asyncIterator]()
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
    this.#shutdownMs = 'brutal_kill'
    this.#body.kill()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  async #opened({ startTimeoutMs, signal }: CheckedActorOptions): Promise<void> {
    // What the actor raises is told apart from what ends the wait for it, which may look the same.
    const ready = this.#body.ready.then(
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
    const exit = await this.#body.ended
    if (exit.reason === 'failed') this.#lifecycle.fail(exit.error)
    // One that returns at once has been ready too: it has started before it stops.
    await this.#lifecycle.running().catch(() => undefined)
    await this.#lifecycle.stop()
    return exit
  }

  async #close(): Promise<void> {
    if (this.#shutdownMs === 'brutal_kill') this.#body.kill()
    else {
      this.#body.terminate()
      await this.#endOrKill(this.#shutdownMs)
    }
    await this.#body.ended
    await this.#body.release()
  }

  /** Waits for its end for so long, then kills it. */
  async #endOrKill(shutdownMs: number | 'infinity'): Promise<void> {
    const timeoutMs = shutdownMs === 'infinity' ? 0 : Math.max(1, shutdownMs)
    await within('its end', { timeoutMs }, this.#body.ended).catch(() => this.#body.kill())
  }
}

function bodyOf(name: string, code: ActorFunction | ModuleExport, args: unknown, options: CheckedActorOptions): Body {
  if (typeof code === 'function') return inlineBody(name, code, args, options)
  if (options.isolation === 'process') return processBody(name, code, args, options)
  // To load it is part of its start, which has its time and can be given up.
  const loadAndRun: ActorFunction = async (pipe, given, context) => {
    const run = await loadFunction(code)
    context.signal.throwIfAborted()
    await run(pipe, given, context)
  }
  return inlineBody(name, loadAndRun, args, options)
}
