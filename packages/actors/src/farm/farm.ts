/**
 * A supervised task farm: workers that are restarted when they die, and a ledger that loses no task with them.
 */
import { randomBytes } from 'node:crypto'
import type { Duplex } from 'node:stream'
import type { ReadableWritablePair } from 'node:stream/web'
import {
  AbortedError,
  ClosedError,
  InvalidOptionsError,
  Lifecycle,
  type LifecycleState,
  type Logger,
  parseOptions,
  resolveLog,
  systemClock,
  TimeoutError,
  TroupeError,
} from '@troupe/core'
import type { z } from 'zod'
import { Deadlines } from '../actor/deadlines.js'
import { asFailure, type Exit, type ShutdownTime, type Supervised } from '../actor/exit.js'
import { stopInTime } from '../actor/stop-in-time.js'
import { Admission } from './admission.js'
import { callTerms, entryOf } from './call-terms.js'
import { Dispatcher } from './dispatcher.js'
import { Drain } from './drain.js'
import { FarmJournal } from './durable/farm-journal.js'
import {
  type CheckedFarmOptions,
  DrainOptions,
  FarmOptions,
  MapOptions,
  StreamOptions,
  SubmitOptions,
  SubscribeOptions,
  TransformOptions,
} from './farm.options.js'
import { type FarmStats, workerStates } from './farm-stats.js'
import type { Inputs } from './input-source.js'
import type { Inspection } from './inspection.js'
import type { TaskOwner } from './ledger.js'
import { type Line, Lines } from './lines.js'
import { type MapResults, MapRun, type Settled } from './map-run.js'
import { PartStream, type TaskStream } from './part-stream.js'
import { TransformDuplex } from './streams/transform-duplex.js'
import { transformPair } from './streams/transform-pair.js'
import { Submitted } from './submitted.js'
import { Subscriptions } from './subscriptions.js'
import type { StreamingTask, Task } from './task.js'
import { UpdateCalls, type UpdatePort } from './update-calls.js'
import { assertNotInWorker } from './worker-mark.js'
import { WorkerPool } from './worker-pool.js'

/** So many inputs of a map with a key are of use: the next may be of another key. */
const KEYED_AHEAD = 1_024

/**
 * A farm.
 * @example
 * await using farm = await Farm.start({ tasks: new URL('./tasks.js', import.meta.url), workers: 4 })
 * for await (const result of farm.map(digest, inputs)) console.log(result)
 */
export class Farm implements Supervised, AsyncDisposable {
  readonly #options: CheckedFarmOptions
  readonly #pool: WorkerPool
  readonly #dispatcher: Dispatcher
  readonly #lifecycle: Lifecycle
  readonly #exit: Promise<Exit>
  readonly #drain = new Drain('the farm', () => this.#isEmpty())
  readonly #lines: Lines
  readonly #maps = new Set<MapRun>()
  readonly #journal: FarmJournal | undefined
  readonly #deadlines = new Deadlines<() => void>(systemClock, (over) => over())
  readonly #admission: Admission
  readonly #subscriptions: Subscriptions<FarmStats>
  #inspection: Inspection | undefined
  readonly #updatePort: UpdatePort = {
    allow: (entry, upTo) => this.#dispatcher.allow(entry, upTo),
    fail: (entry, reason) => this.#dispatcher.cancel(entry, reason, 'failed'),
  }
  #flushing = false
  #submits = 0

  /**
   * Starts the workers and resolves when all have joined.
   * @throws {TroupeError} `INVALID_OPTIONS`, `INVALID_ENDPOINT`, `INSECURE_ENDPOINT`, `ENDPOINT_IN_USE`, `FARM_IN_WORKER`, `ABORTED`; of the
   * task file `MODULE_NOT_FOUND`, `MODULE_FAILED`, `UNKNOWN_TASK`, `AMBIGUOUS_TASK`, `SETUP_FAILED`; of its journal `JOURNAL_IN_USE`, `JOURNAL_UNREADABLE`; of a worker `ACTOR_EXITED`, `START_TIMEOUT`
   */
  static async start(options: FarmOptions): Promise<Farm> {
    assertNotInWorker()
    const checked = parseOptions(FarmOptions, options, 'a farm')
    const { signal } = checked
    if (signal?.aborted) throw new AbortedError('the start of the farm', signal.reason)
    const farm = new Farm(checked)
    const stop = () => void farm.stop()
    signal?.addEventListener('abort', stop)
    void farm.exit.then(() => signal?.removeEventListener('abort', stop))
    try {
      await farm.#lifecycle.start()
    } catch (error) {
      throw signal?.aborted ? new AbortedError('the start of the farm', signal.reason) : error
    }
    return farm
  }

  private constructor(options: CheckedFarmOptions) {
    this.#options = options
    this.#journal = options.journal === undefined ? undefined : new FarmJournal(options.journal)
    this.#lines = new Lines(options)
    const run = randomBytes(8).toString('hex')
    const log = resolveLog(options.log).child({ farm: run })
    this.#lifecycle = new Lifecycle({
      what: 'the farm',
      open: () => this.#open(log),
      close: () => this.#close(),
    })
    this.#subscriptions = new Subscriptions({
      snapshot: () => this.stats(),
      failed: (error) => log.error({ err: error }, 'a listener to the stats of the farm threw'),
    })
    this.#lifecycle.subscribe((state) => {
      if (state === 'stopped' || state === 'failed') this.#subscriptions.end()
    })
    this.#pool = new WorkerPool({ run, options, log, failed: (error) => this.#lifecycle.fail(error) })
    this.#dispatcher = new Dispatcher(
      options,
      {
        send: (seat, firstTicket, entries) => this.#pool.send(seat, firstTicket, entries),
        cancel: (seat, tickets) => this.#pool.cancel(seat, tickets),
        allow: (seat, ticket, upTo) => this.#pool.allow(seat, ticket, upTo),
        kill: (seat, why) => this.#pool.kill(seat, why),
        flushSoon: () => this.#flushSoon(),
        routes: () => this.#pool.routes(),
      },
      systemClock,
    )
    const { maxQueued } = options
    const [dispatcher, deadlines] = [this.#dispatcher, this.#deadlines]
    this.#admission = new Admission({ maxQueued, dispatcher, clock: systemClock, deadlines })
    this.#exit = this.#lifecycle
      .finished()
      .then((state) =>
        state === 'stopped'
          ? { reason: 'shutdown' }
          : { reason: 'failed', error: asFailure('farm', this.#lifecycle.error) },
      )
  }

  /** How it ended: `failed` when too many workers died that had held no task. Never rejects. */
  get exit(): Promise<Exit> {
    return this.#exit
  }

  get state(): LifecycleState {
    return this.#lifecycle.state
  }

  /** Where it can be looked at, with the real port; undefined for one that was started without `inspect`. */
  get inspectEndpoint(): string | undefined {
    return this.#inspection?.endpoint
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
    return new Promise((resolve, reject) => {
      const checked = options === undefined ? undefined : parseOptions(SubmitOptions, options, 'a submit')
      const line = this.#line(task)
      const terms = checked === undefined ? line.terms : callTerms(line.defaults, checked)
      const updates = checked === undefined ? undefined : UpdateCalls.of(checked, task.partial, this.#updatePort)
      const submitted = new Submitted(resolve as (value: unknown) => void, reject, updates)
      const number = ++this.#submits
      const make = (owner: TaskOwner) => entryOf(input, { line, number, owner }, terms)
      if (checked?.dedupeKey !== undefined) {
        return this.#admission.share(`${line.name} ${checked.dedupeKey}`, submitted, checked, make)
      }
      const entry = make(submitted)
      if (entry.state === 'done') reject(entry.reason)
      else this.#admission.admit(entry, submitted, checked)
    })
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
    const checked = parseOptions(StreamOptions, options, 'a stream')
    const line = this.#line(task as Task)
    if (task.partial === undefined) {
      const message = `task "${task.name}" has no \`partial\`, so it gives no parts`
      throw new InvalidOptionsError('a stream', [{ path: 'task', message }])
    }
    const { signal, deadlineMs, onProgress, onRestart } = checked
    const stream = new PartStream({ ...this.#updatePort, partial: task.partial, signal, onProgress, onRestart })
    const number = ++this.#submits
    const entry = entryOf(input, { line, number, owner: stream }, callTerms(line.defaults, checked))
    if (entry.state === 'done') stream.fail(entry.reason!)
    else this.#admission.admit(entry, stream, { signal: stream.aborter.signal, deadlineMs })
    return stream as unknown as TaskStream<z.output<Part>, z.output<Output>>
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
    return this.#map(task, inputs, parseOptions(MapOptions, options, 'a map'), { ordered: true })
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
    return this.#map(task, inputs, parseOptions(MapOptions, options, 'a map'), { ordered: false })
  }

  /**
   * Runs the task on each input and gives all outputs, in the order of the inputs. The first failure rejects, and cancels
   * the rest.
   * @throws {TroupeError} what {@link submit} throws
   */
  async submitMany<Input extends z.ZodType, Output extends z.ZodType>(
    task: Task<Input, Output>,
    inputs: Inputs<z.input<Input>>,
    options?: MapOptions<z.input<Input>> & { readonly settled?: false },
  ): Promise<z.output<Output>[]> {
    const outputs: z.output<Output>[] = []
    for await (const output of this.map(task, inputs, options)) outputs.push(output)
    return outputs
  }

  /**
   * Runs the task on each input for what it does, and says how many there were. The outputs are not kept: the input may be
   * of any length. The first failure rejects, and cancels the rest.
   * @throws {TroupeError} what {@link submit} throws
   */
  async forEach<Input extends z.ZodType>(
    task: Task<Input>,
    inputs: Inputs<z.input<Input>>,
    options?: MapOptions<z.input<Input>> & { readonly settled?: false },
  ): Promise<number> {
    let count = 0
    for await (const _ of this.mapUnordered(task, inputs, options)) count++
    return count
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
    const { ordered, ...rest } = parseOptions(TransformOptions, options, 'a transform')
    const begin = (inputs: Inputs<unknown>) => this.#map(task, inputs, rest, { ordered, isDurable: false })
    return new TransformDuplex(begin, rest.signal)
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
    const { ordered, ...rest } = parseOptions(TransformOptions, options, 'a transform')
    return transformPair((inputs) => this.#map(task, inputs, rest, { ordered, isDurable: false }))
  }

  /** What it does at present, and what it has done. */
  stats(): FarmStats {
    const { pending, held, counts, isPaused: paused, measures } = this.#dispatcher
    const { restarts, recycled } = this.#pool
    const workers = this.#pool.stats()
    return {
      ...{ state: this.state, pending: pending + this.#admission.waiting, held, ...counts, ...measures.stats() },
      ...{ restarts, recycled, paused, draining: this.#drain.isDraining },
      ...{ workers, workerStates: workerStates(workers) },
    }
  }

  /**
   * Calls `listener` with the stats every `everyMs`, and with the last ones, whose `state` says how it went, when the farm has
   * ended; returns what ends that.
   * @throws {TroupeError} `INVALID_OPTIONS`
   */
  subscribe(listener: (stats: FarmStats) => void, options: SubscribeOptions = {}): () => void {
    const { everyMs } = parseOptions(SubscribeOptions, options, 'a subscription')
    return this.#subscriptions.add(listener, everyMs)
  }

  /** Gives no task to a worker until {@link resume}: what they have goes on, and tasks are still taken. Idempotent. */
  pause(): void {
    this.#dispatcher.pause()
  }

  /** Ends a pause. Idempotent. */
  resume(): void {
    this.#dispatcher.resume()
  }

  /**
   * Takes nothing more (`CLOSED`), finishes what it has, which ends a pause, and stops. Maps that are being read are read to their
   * end. At `timeoutMs` after the call it stops as {@link stop} does. Resolves when all processes are gone.
   */
  async drain(options: DrainOptions = {}): Promise<void> {
    const { timeoutMs } = parseOptions(DrainOptions, options, 'a drain')
    this.resume()
    await this.#drain.begin(this.#exit, timeoutMs)
    await this.stop()
  }

  /**
   * Stops: tasks that are not done are rejected with `CLOSED`, running ones have their signal aborted, and workers that do
   * not end within their time are killed, `timeoutMs` after the call at the latest. Resolves when all processes are
   * gone. Idempotent.
   */
  async stop(options: { readonly timeoutMs?: ShutdownTime | undefined } = {}): Promise<void> {
    await stopInTime(this.#lifecycle, () => this.kill(), options.timeoutMs)
  }

  /** Kills the workers and stops. */
  kill(): void {
    this.#pool.killAll()
    void this.#lifecycle.stop()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  async #open(log: Logger): Promise<void> {
    const report = await this.#journal?.open()
    if (report?.damage !== undefined)
      log.warn(report.damage, 'the journal is damaged: what stood after the damage is lost')
    await this.#inspect(log)
    await this.#pool.open(this.#dispatcher)
  }

  async #close(): Promise<void> {
    const reason = this.#lifecycle.error instanceof TroupeError ? this.#lifecycle.error : new ClosedError('the farm')
    const abandoned = [...this.#maps].map((run) => run.abandon(reason))
    this.#dispatcher.abandon(reason)
    this.#admission.abandon(reason)
    this.#deadlines.close()
    await this.#pool.close()
    await Promise.all(abandoned)
    await this.#journal?.close()
    await this.#inspection?.close(this.#lifecycle.error === undefined ? 'stopped' : 'failed')
  }

  async #inspect(log: Logger): Promise<void> {
    const { inspect: endpoint, insecure } = this.#options
    if (endpoint === undefined) return
    const { Inspection } = await import('./inspection.js')
    this.#inspection = new Inspection({ endpoint, insecure, log, stats: () => this.stats() })
    await this.#inspection.open()
  }

  #map(
    task: Task,
    inputs: Inputs<unknown>,
    checked: z.output<typeof MapOptions>,
    { ordered, isDurable = true }: { readonly ordered: boolean; readonly isDurable?: boolean },
  ): MapResults<unknown> {
    const line = this.#line(task)
    const terms = callTerms(line.defaults, checked)
    const { concurrency, reorderWindow } = this.#options
    const run = new MapRun(inputs, {
      line,
      ordered,
      settled: checked.settled === true,
      updates: UpdateCalls.of(checked, task.partial, this.#updatePort),
      signal: checked.signal,
      reorderWindow,
      useful: () =>
        Math.max(checked.key === undefined ? 0 : KEYED_AHEAD, this.#pool.most * line.pace.held(concurrency)),
      enter: (input, index, owner) => entryOf(input, { line, number: index, owner }, terms),
      accept: (entry) => this.#dispatcher.accept(entry),
      cancelAll: (owner, reason) => this.#dispatcher.cancelAll(owner, reason),
      durable: (events) => {
        const { name, settled = false, acknowledge } = checked
        const terms = { task, name, settled, acknowledges: acknowledge !== 'manual' }
        return isDurable ? this.#journal?.run(terms, events) : undefined
      },
      ended: (ended) => {
        this.#maps.delete(ended)
        if (deadline !== undefined) this.#deadlines.clear(deadline)
        this.#drain.look()
      },
    })
    this.#maps.add(run)
    const { deadlineMs = 0 } = checked
    const over = () => run.end(new TimeoutError(`a map of task "${line.name}"`, deadlineMs))
    const deadline = deadlineMs > 0 ? this.#deadlines.set(over, systemClock.now() + deadlineMs) : undefined
    return run
  }

  /** @throws {TroupeError} `CLOSED`, `UNKNOWN_TASK`, `VERSION_MISMATCH` */
  #line(task: Task): Line {
    this.#lifecycle.assertRunning()
    this.#drain.assertTaking()
    return this.#lines.of(task, this.#pool.tasks)
  }

  #isEmpty(): boolean {
    const { pending, held } = this.#dispatcher
    return pending + held + this.#admission.waiting === 0 && ![...this.#maps].some(({ isBegun }) => isBegun)
  }

  #flushSoon(): void {
    if (this.#flushing) return
    this.#flushing = true
    // At the end of the turn, so that a frame takes all the tasks of the turn.
    setImmediate(() => {
      this.#flushing = false
      this.#dispatcher.flush()
      this.#pool.look()
      this.#admission.admitWaiting()
      this.#drain.look()
    })
  }
}
