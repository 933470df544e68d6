/**
 * What a farm is made of, behind its face: workers under a supervisor, a dispatcher with its ledger, and who gives the tasks.
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
import { asFailure, type Exit, type ShutdownTime } from '../actor/exit.js'
import { stopInTime } from '../actor/stop-in-time.js'
import { Admission } from './admission.js'
import { callTerms, entryOf, speculateTerms } from './call-terms.js'
import { closeEach } from './close-each.js'
import { Dispatcher } from './dispatcher.js'
import { Drain } from './drain.js'
import { FarmJournal } from './durable/farm-journal.js'
import {
  type CheckedFarmOptions,
  DrainOptions,
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
import { type MapResults, MapRun } from './map-run.js'
import { PartStream } from './part-stream.js'
import { TransformDuplex } from './streams/transform-duplex.js'
import { transformPair } from './streams/transform-pair.js'
import { Submitted } from './submitted.js'
import { Subscriptions } from './subscriptions.js'
import type { Task } from './task.js'
import { UpdateCalls, type UpdatePort } from './update-calls.js'
import { WorkerPool } from './worker-pool.js'

/** So many inputs of a map with a key are of use: the next may be of another key. */
const KEYED_AHEAD = 1_024

export class FarmEngine {
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
  /** Ends when its journal and its inspection are open. */
  #prepared: Promise<void> | undefined
  readonly #updatePort: UpdatePort = {
    allow: (entry, upTo) => this.#dispatcher.allow(entry, upTo),
    fail: (entry, reason) => this.#dispatcher.cancel(entry, reason, 'failed'),
  }
  #flushing = false
  #submits = 0

  /** Resolves when all workers have joined. */
  static async start(options: CheckedFarmOptions): Promise<FarmEngine> {
    const { signal } = options
    if (signal?.aborted) throw new AbortedError('the start of the farm', signal.reason)
    const engine = new FarmEngine(options)
    const stop = () => void engine.stop()
    signal?.addEventListener('abort', stop)
    void engine.exit.then(() => signal?.removeEventListener('abort', stop))
    try {
      await engine.#lifecycle.start()
    } catch (error) {
      throw signal?.aborted ? new AbortedError('the start of the farm', signal.reason) : error
    }
    return engine
  }

  private constructor(options: CheckedFarmOptions) {
    this.#options = options
    this.#journal = options.journal === undefined ? undefined : new FarmJournal(options.journal)
    this.#lines = new Lines(options)
    const run = randomBytes(8).toString('hex')
    const log = resolveLog(options.log).child({ farm: run })
    this.#lifecycle = new Lifecycle({
      what: 'the farm',
      open: ({ signal }) => this.#open(log, signal),
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
        send: (seat, firstTicket, entries) => this.#pool.seating.send(seat, firstTicket, entries),
        cancel: (seat, tickets) => this.#pool.seating.cancel(seat, tickets),
        allow: (seat, ticket, upTo) => this.#pool.seating.allow(seat, ticket, upTo),
        kill: (seat, why) => this.#pool.seating.kill(seat, why),
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

  get exit(): Promise<Exit> {
    return this.#exit
  }

  get state(): LifecycleState {
    return this.#lifecycle.state
  }

  get endpoint(): string | undefined {
    return this.#pool.endpoint
  }

  get inspectEndpoint(): string | undefined {
    return this.#inspection?.endpoint
  }

  submit(task: Task, input: unknown, options?: SubmitOptions): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const checked = options === undefined ? undefined : parseOptions(SubmitOptions, options, 'a submit')
      const line = this.#line(task)
      const terms = checked === undefined ? line.terms : callTerms(line.defaults, checked)
      const updates = checked === undefined ? undefined : UpdateCalls.of(checked, task.partial, this.#updatePort)
      const submitted = new Submitted(resolve, reject, updates)
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

  stream(task: Task, input: unknown, options: StreamOptions): PartStream {
    const checked = parseOptions(StreamOptions, options, 'a stream')
    const line = this.#line(task)
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
    return stream
  }

  map(task: Task, inputs: Inputs<unknown>, options: MapOptions, ordered: boolean): MapResults<unknown> {
    return this.#map(task, inputs, parseOptions(MapOptions, options, 'a map'), { ordered })
  }

  transform(task: Task, options: TransformOptions): Duplex {
    const { ordered, ...rest } = parseOptions(TransformOptions, options, 'a transform')
    const begin = (inputs: Inputs<unknown>) => this.#map(task, inputs, rest, { ordered, isDurable: false })
    return new TransformDuplex(begin, rest.signal)
  }

  transformStream(task: Task, options: TransformOptions): ReadableWritablePair<unknown, unknown> {
    const { ordered, ...rest } = parseOptions(TransformOptions, options, 'a transform')
    return transformPair((inputs) => this.#map(task, inputs, rest, { ordered, isDurable: false }))
  }

  stats(): FarmStats {
    const { pending, held, counts, isPaused: paused, measures } = this.#dispatcher
    const { restarts, recycled, denied, strays } = this.#pool
    const workers = this.#pool.stats()
    return {
      ...{ state: this.state, pending: pending + this.#admission.waiting, held, ...counts, ...measures.stats() },
      ...{ restarts, recycled, denied, strays, paused, draining: this.#drain.isDraining },
      ...{ workers, workerStates: workerStates(workers) },
    }
  }

  subscribe(listener: (stats: FarmStats) => void, options: SubscribeOptions): () => void {
    const { everyMs } = parseOptions(SubscribeOptions, options, 'a subscription')
    return this.#subscriptions.add(listener, everyMs)
  }

  pause(): void {
    this.#dispatcher.pause()
  }

  resume(): void {
    this.#dispatcher.resume()
  }

  async drain(options: DrainOptions): Promise<void> {
    const { timeoutMs } = parseOptions(DrainOptions, options, 'a drain')
    this.resume()
    await this.#drain.begin(this.#exit, timeoutMs)
    await this.stop()
  }

  async stop(timeoutMs?: ShutdownTime): Promise<void> {
    await stopInTime(this.#lifecycle, () => this.kill(), timeoutMs)
  }

  kill(): void {
    this.#pool.killAll()
    void this.#lifecycle.stop()
  }

  async #open(log: Logger, signal: AbortSignal): Promise<void> {
    this.#prepared = this.#prepare(log, signal)
    await this.#prepared
    if (!signal.aborted) await this.#pool.open(this.#dispatcher)
  }

  async #prepare(log: Logger, signal: AbortSignal): Promise<void> {
    const report = await this.#journal?.open()
    if (report?.damage !== undefined)
      log.warn(report.damage, 'the journal is damaged: what stood after the damage is lost')
    if (!signal.aborted) await this.#inspect(log)
  }

  async #close(): Promise<void> {
    const reason = this.#lifecycle.error instanceof TroupeError ? this.#lifecycle.error : new ClosedError('the farm')
    const abandoned = [...this.#maps].map((run) => run.abandon(reason))
    this.#dispatcher.abandon(reason)
    this.#admission.abandon(reason)
    this.#deadlines.close()
    // What is being opened cannot be closed before it is open.
    await this.#prepared?.catch(() => undefined)
    await closeEach([
      () => this.#pool.close(),
      () => Promise.all(abandoned),
      () => this.#journal?.close(),
      () => this.#inspection?.close(this.#lifecycle.error === undefined ? 'stopped' : 'failed'),
    ])
  }

  async #inspect(log: Logger): Promise<void> {
    const { inspect: endpoint, insecure, security } = this.#options
    if (endpoint === undefined) return
    const { Inspection } = await import('./inspection.js')
    this.#inspection = new Inspection({ endpoint, insecure, security, log, stats: () => this.stats() })
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
    const speculate = speculateTerms(task, checked)
    const { reorderWindow } = this.#options
    const run = new MapRun(inputs, {
      line,
      ordered,
      speculate,
      settled: checked.settled === true,
      updates: UpdateCalls.of(checked, task.partial, this.#updatePort),
      signal: checked.signal,
      reorderWindow,
      useful: () => Math.max(checked.key === undefined ? 0 : KEYED_AHEAD, this.#pool.useful(line.pace)),
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
        this.#dispatcher.speculation.delete(ended)
        if (deadline !== undefined) this.#deadlines.clear(deadline)
        this.#drain.look()
      },
    })
    this.#maps.add(run)
    this.#dispatcher.speculation.add(run)
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
