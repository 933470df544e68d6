/**
 * A supervised task farm: workers that are restarted when they die, and a ledger that loses no task with them.
 */
import type { Duplex } from 'node:stream'
import type { ReadableWritablePair } from 'node:stream/web'
import { type LifecycleState, parseOptions, TroupeError } from '@troupe/core'
import type { z } from 'zod'
import type { Exit, ShutdownTime, Supervised } from '../actor/exit.js'
import {
  type DrainOptions,
  FarmOptions,
  type MapOptions,
  type StreamOptions,
  type SubmitOptions,
  type SubscribeOptions,
  type TransformOptions,
} from './farm.options.js'
import type { FarmEngine } from './farm-engine.js'
import type { FarmStats } from './farm-stats.js'
import type { Inputs } from './input-source.js'
import type { MapResults, Settled } from './map-run.js'
import type { TaskStream } from './part-stream.js'
import type { StreamingTask, Task } from './task.js'
import { assertNotInWorker } from './worker-mark.js'

/**
 * A farm.
 * @example
 * await using farm = await Farm.start({ tasks: new URL('./tasks.js', import.meta.url), workers: 4 })
 * for await (const result of farm.map(digest, inputs)) console.log(result)
 */
export class Farm implements Supervised, AsyncDisposable {
  readonly #engine: FarmEngine

  /**
   * Starts the workers and resolves when all have joined.
   * @throws {TroupeError} `INVALID_OPTIONS`, `INVALID_ENDPOINT`, `INSECURE_ENDPOINT`, `ENDPOINT_IN_USE`, `FARM_IN_WORKER`, `ABORTED`; of the
   * task file `MODULE_NOT_FOUND`, `MODULE_FAILED`, `UNKNOWN_TASK`, `AMBIGUOUS_TASK`, `SETUP_FAILED`; of its journal `JOURNAL_IN_USE`, `JOURNAL_UNREADABLE`; of a worker `ACTOR_EXITED`, `START_TIMEOUT`
   */
  static async start(options: FarmOptions): Promise<Farm> {
    assertNotInWorker()
    const checked = parseOptions(FarmOptions, options, 'a farm')
    // A worker whose task file names this class never runs it.
    const { FarmEngine } = await import('./farm-engine.js')
    return new Farm(await FarmEngine.start(checked))
  }

  private constructor(engine: FarmEngine) {
    this.#engine = engine
  }

  /** How it ended: `failed` when too many workers died that had held no task. Never rejects. */
  get exit(): Promise<Exit> {
    return this.#engine.exit
  }

  get state(): LifecycleState {
    return this.#engine.state
  }

  /** Where it listens for its workers, with the real port; undefined when all are in threads. */
  get endpoint(): string | undefined {
    return this.#engine.endpoint
  }

  /** Where it can be looked at, with the real port; undefined for one that was started without `inspect`. */
  get inspectEndpoint(): string | undefined {
    return this.#engine.inspectEndpoint
  }

  /**
   * Runs the task on one input. It runs at least once (again when its worker dies, or when it fails and has retries
   * left), and its result is given once. Waits while `maxQueued` tasks are queued.
   * @throws {TroupeError} `INVALID_INPUT`, `INVALID_OUTPUT`, `TASK_FAILED`, `TASK_POISONED`, `TIMEOUT`, `WORKER_LOST`, `ABORTED`,
   * `UNROUTABLE`, `UNKNOWN_TASK`, `VERSION_MISMATCH`, `CLOSED`
   */
  submit<Input extends z.ZodType, Output extends z.ZodType>(
    task: Task<Input, Output>,
    input: z.input<Input>,
    options?: SubmitOptions,
  ): Promise<z.output<Output>> {
    return this.#engine.submit(task, input, options) as Promise<z.output<Output>>
  }

  /**
   * Runs a task that gives parts on one input: an iterator of its parts, in order, and its output as `result`. A task
   * whose parts are not taken stands still. To stop reading cancels it. Its error comes after the parts before it.
   *
   * Once a part was taken the task is not tried again, however many retries it has: a worker's death is `WORKER_LOST`
   * then. With `onRestart` it is: that is called with the number of the new try, and the parts begin anew.
   * @throws {TroupeError} what {@link submit} throws; `INVALID_OPTIONS` for a task without `partial`
   */
  stream<Input extends z.ZodType, Output extends z.ZodType, Part extends z.ZodType>(
    task: StreamingTask<Input, Output, Part>,
    input: z.input<Input>,
    options: StreamOptions = {},
  ): TaskStream<z.output<Part>, z.output<Output>> {
    return this.#engine.stream(task as Task, input, options) as unknown as TaskStream<z.output<Part>, z.output<Output>>
  }

  /**
   * Runs the task on each input and gives the outputs in the order of the inputs. The inputs are read lazily, some
   * ahead of what was given. Throws at the first task that failed, after what came before it, and cancels the rest;
   * with `settled: true` gives each outcome instead. To stop reading cancels the rest too.
   * @throws {TroupeError} what {@link submit} throws
   */
  map<Input extends z.ZodType, Output extends z.ZodType, Part extends z.ZodType>(
    task: Task<Input, Output, Part>,
    inputs: Inputs<z.input<Input>>,
    options: MapOptions<z.input<Input>, z.output<Part>> & { readonly settled: true },
  ): MapResults<Settled<z.input<Input>, z.output<Output>>>
  map<Input extends z.ZodType, Output extends z.ZodType, Part extends z.ZodType>(
    task: Task<Input, Output, Part>,
    inputs: Inputs<z.input<Input>>,
    options?: MapOptions<z.input<Input>, z.output<Part>> & { readonly settled?: false },
  ): MapResults<z.output<Output>>
  map(task: Task, inputs: Inputs<unknown>, options: MapOptions = {}): MapResults<unknown> {
    return this.#engine.map(task, inputs, options, true)
  }

  /** As {@link map}, but gives the outputs as they come. */
  mapUnordered<Input extends z.ZodType, Output extends z.ZodType, Part extends z.ZodType>(
    task: Task<Input, Output, Part>,
    inputs: Inputs<z.input<Input>>,
    options: MapOptions<z.input<Input>, z.output<Part>> & { readonly settled: true },
  ): MapResults<Settled<z.input<Input>, z.output<Output>>>
  mapUnordered<Input extends z.ZodType, Output extends z.ZodType, Part extends z.ZodType>(
    task: Task<Input, Output, Part>,
    inputs: Inputs<z.input<Input>>,
    options?: MapOptions<z.input<Input>, z.output<Part>> & { readonly settled?: false },
  ): MapResults<z.output<Output>>
  mapUnordered(task: Task, inputs: Inputs<unknown>, options: MapOptions = {}): MapResults<unknown> {
    return this.#engine.map(task, inputs, options, false)
  }

  /**
   * Runs the task on each input and gives all outputs, in the order of the inputs. The first failure rejects, and cancels
   * the rest. With a journal none counts as taken, whatever `acknowledge` says: a further life has all of them again.
   * @throws {TroupeError} what {@link submit} throws; `JOURNAL_MISMATCH` for a run of which a map has taken outputs
   */
  async submitMany<Input extends z.ZodType, Output extends z.ZodType>(
    task: Task<Input, Output>,
    inputs: Inputs<z.input<Input>>,
    options?: MapOptions<z.input<Input>> & { readonly settled?: false },
  ): Promise<z.output<Output>[]> {
    const outputs: z.output<Output>[] = []
    // Its caller has them all or none: what it was given before it had them would be missing in the next life.
    const results = this.map(task, inputs, { ...options, acknowledge: 'manual' })
    await assertNoneTaken(results, task)
    for await (const output of results) outputs.push(output)
    return outputs
  }

  /**
   * Runs the task on each input for what it does, and says how many there were. The outputs are not kept: the input may be
   * of any length. The first failure rejects, and cancels the rest. With a journal those that were done in a life before
   * are counted too, and not run again.
   * @throws {TroupeError} what {@link submit} throws
   */
  async forEach<Input extends z.ZodType>(
    task: Task<Input>,
    inputs: Inputs<z.input<Input>>,
    options?: MapOptions<z.input<Input>> & { readonly settled?: false },
  ): Promise<number> {
    const results = this.mapUnordered(task, inputs, options)
    let count = 0
    for await (const _ of results) count++
    return count + ((await results.resumed())?.taken ?? 0)
  }

  /**
   * A map as a stream of Node in object mode, for `pipeline(source, farm.transform(task), sink)`: what is written are its
   * inputs, what is read its outputs. A task that fails destroys it with its error, to destroy it cancels its tasks, and it
   * ends once all that was written before its end is done. It is not durable.
   */
  transform<Input extends z.ZodType, Output extends z.ZodType, Part extends z.ZodType>(
    task: Task<Input, Output, Part>,
    options?: TransformOptions<z.input<Input>, z.output<Part>>,
  ): Duplex
  transform(task: Task, options: TransformOptions = {}): Duplex {
    return this.#engine.transform(task, options)
  }

  /** As {@link transform}, as a pair of streams of the web, for `source.pipeThrough(farm.transformStream(task))`. */
  transformStream<Input extends z.ZodType, Output extends z.ZodType, Part extends z.ZodType>(
    task: Task<Input, Output, Part>,
    options: TransformOptions<z.input<Input>, z.output<Part>> & { readonly settled: true },
  ): ReadableWritablePair<Settled<z.input<Input>, z.output<Output>>, z.input<Input>>
  transformStream<Input extends z.ZodType, Output extends z.ZodType, Part extends z.ZodType>(
    task: Task<Input, Output, Part>,
    options?: TransformOptions<z.input<Input>, z.output<Part>> & { readonly settled?: false },
  ): ReadableWritablePair<z.output<Output>, z.input<Input>>
  transformStream(task: Task, options: TransformOptions = {}): ReadableWritablePair<unknown, unknown> {
    return this.#engine.transformStream(task, options)
  }

  /** What it does at present, and what it has done. */
  stats(): FarmStats {
    return this.#engine.stats()
  }

  /**
   * Calls `listener` with the stats every `everyMs`, and with the last ones, whose `state` says how it went, when the farm has
   * ended; returns what ends that.
   * @throws {TroupeError} `INVALID_OPTIONS`
   */
  subscribe(listener: (stats: FarmStats) => void, options: SubscribeOptions = {}): () => void {
    return this.#engine.subscribe(listener, options)
  }

  /** Gives no task to a worker until {@link resume}: what they have goes on, and tasks are still taken. Idempotent. */
  pause(): void {
    this.#engine.pause()
  }

  /** Ends a pause. Idempotent. */
  resume(): void {
    this.#engine.resume()
  }

  /**
   * Takes nothing more (`CLOSED`), finishes what it has, which ends a pause, and stops. Maps that are being read are read to their
   * end. At `timeoutMs` after the call it stops as {@link stop} does. Resolves when all processes are gone.
   */
  async drain(options: DrainOptions = {}): Promise<void> {
    await this.#engine.drain(options)
  }

  /**
   * Stops: tasks that are not done are rejected with `CLOSED`, running ones have their signal aborted, and workers that do
   * not end within their time are killed, `timeoutMs` after the call at the latest. Resolves when all processes are
   * gone. Idempotent.
   */
  async stop(options: { readonly timeoutMs?: ShutdownTime | undefined } = {}): Promise<void> {
    await this.#engine.stop(options.timeoutMs)
  }

  /** Kills the workers and stops. */
  kill(): void {
    this.#engine.kill()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}

async function assertNoneTaken(results: MapResults<unknown>, task: { readonly name: string }): Promise<void> {
  const { taken = 0 } = (await results.resumed()) ?? {}
  if (taken === 0) return
  await results.return?.()
  const advice = 'to have all, give another journal or another name'
  throw new TroupeError(
    'JOURNAL_MISMATCH',
    `${taken} outputs of task "${task.name}" were taken by a map before; ${advice}`,
  )
}
