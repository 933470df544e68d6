/**
 * The farm's workers: started and restarted under a supervisor, each heard and spoken to through its channel.
 */
import {
  assertSafeEndpoint,
  type Deferred,
  deferred,
  type Logger,
  type PrivateEndpoint,
  parseEndpoints,
  privateEndpoint,
  systemClock,
  TimeoutError,
  TroupeError,
  within,
} from '@troupe/core'
import { ZMQPull } from '@troupe/push-pull'
import { Actor } from '../actor/actor.js'
import type { Exit, Supervised } from '../actor/exit.js'
import { moduleUrl } from '../actor/load-export.js'
import { Supervisor } from '../supervisor/supervisor.js'
import { Crew, type Mate, type Transport } from './crew.js'
import type { Dispatcher, DispatchPort, Seat } from './dispatcher.js'
import type { CheckedFarmOptions } from './farm.options.js'
import type { Entry } from './ledger.js'
import { NO_TAGS } from './seat.js'
import { SentTasks, tasksBody, unencodable } from './tasks-frame.js'
import type { Hello } from './wire.js'
import type { WorkerArgs } from './worker.js'

/** How often limits of time are looked at, in ms. */
const TICK_MS = 25
/** The delays between the restarts of a worker that keeps dying, in ms. */
const RESTART_BACKOFF = { minMs: 10, maxMs: 500 }

export interface WorkerStats {
  readonly id: string
  readonly pid: number | undefined
  readonly incarnation: string
  readonly state: 'starting' | 'working' | 'idle' | 'leaving'
  /** Tasks that it has now. */
  readonly held: number
  /** Tasks that this incarnation has done, and tries that failed on it. */
  readonly done: number
  readonly failed: number
}

interface Member {
  readonly mate: Mate
  readonly joined: Deferred<void>
  actor: Actor | undefined
  seat: Seat | undefined
}

export interface PoolTerms {
  readonly run: string
  readonly options: CheckedFarmOptions
  readonly log: Logger
  /** The pool cannot go on. */
  failed(error: unknown): void
}

export class WorkerPool implements Pick<DispatchPort, 'send' | 'cancel' | 'kill' | 'routes'> {
  readonly #terms: PoolTerms
  readonly #crew: Crew
  readonly #members = new Map<string, Member>()
  #dispatcher: Dispatcher | undefined
  #place: PrivateEndpoint | undefined
  #sink: ZMQPull<{ codec: 'frames' }> | undefined
  #supervisor: Supervisor | undefined
  #timers: NodeJS.Timeout[] = []
  #restarts = 0
  /** The versions of the tasks that the workers have, by name, as the last to join said. */
  #tasks: ReadonlyMap<string, string | undefined> = new Map()

  constructor(terms: PoolTerms) {
    this.#terms = terms
    const { heartbeatMs, livenessMs, hangMs } = terms.options
    // A worker's own heartbeats show that its event loop turns: often enough for the limit on its silence.
    const beatMs = hangMs > 0 ? Math.max(1, Math.min(heartbeatMs, Math.floor(hangMs / 4))) : heartbeatMs
    this.#crew = new Crew(
      { run: terms.run, heartbeatMs, beatMs, livenessMs, clock: systemClock, log: terms.log },
      {
        joined: (mate, hello) => this.#joined(mate, hello),
        heard: (mate) => this.#withSeat(mate, (seat, dispatcher) => dispatcher.heard(seat)),
        results: (mate, results, bytes) =>
          this.#withSeat(mate, (seat, dispatcher) => dispatcher.answered(seat, results, bytes)),
        silent: (mate) => this.#silent(mate),
      },
    )
  }

  /** Workers that were replaced. */
  get restarts(): number {
    return this.#restarts
  }

  get tasks(): ReadonlyMap<string, string | undefined> {
    return this.#tasks
  }

  /** Starts the workers; resolves when all have joined. `dispatcher` is told of all that happens to them. */
  async open(dispatcher: Dispatcher): Promise<void> {
    this.#dispatcher = dispatcher
    const { intensity, periodMs, workers, heartbeatMs } = this.#terms.options
    const sink = this.#terms.options.isolation === 'thread' ? undefined : await this.#listen()
    this.#timers = [
      setInterval(() => {
        this.#crew.tick()
        dispatcher.tick()
      }, TICK_MS),
      setInterval(() => this.#crew.beat(), heartbeatMs),
    ]
    const name = 'the farm'
    this.#supervisor = await Supervisor.start({
      name,
      intensity,
      periodMs,
      backoff: RESTART_BACKOFF,
      log: this.#terms.log,
    })
    void this.#supervisor.exit.then((exit) => exit.reason === 'failed' && this.#terms.failed(exit.error))
    this.#supervisor.subscribe(({ type }) => type === 'restarting' && this.#restarts++)
    const ids = Array.from({ length: workers }, (_, index) => `worker-${index + 1}`)
    const started = await Promise.allSettled(ids.map((id) => this.#startWorker(id, sink)))
    for (const result of started) if (result.status === 'rejected') throw result.reason
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer)
    await this.#supervisor?.stop()
    await this.#crew.dismissAll()
    await this.#sink?.close()
    this.#place?.[Symbol.dispose]()
  }

  killAll(): void {
    for (const { actor } of this.#members.values()) actor?.kill()
  }

  stats(): WorkerStats[] {
    return [...this.#members].map(([id, { mate, actor, seat }]) => ({
      id,
      pid: mate.pid ?? actor?.pid,
      incarnation: mate.incarnation,
      state: seat === undefined ? 'starting' : seat.leaving ? 'leaving' : seat.holder.held > 0 ? 'working' : 'idle',
      held: seat?.holder.held ?? 0,
      done: seat?.done ?? 0,
      failed: seat?.failed ?? 0,
    }))
  }

  send(seat: Seat, firstTicket: number, entries: readonly Entry[]): ReturnType<DispatchPort['send']> {
    const mate = this.#members.get(seat.id)!.mate
    try {
      return { bytes: this.#sendTasks(mate, firstTicket, entries), refused: NONE }
    } catch {
      // One of them cannot be encoded: the others can.
      const refused = unencodable(entries, mate.encoding)
      const good = entries.filter((entry) => !refused.has(entry))
      return { bytes: good.length === 0 ? 0 : this.#sendTasks(mate, firstTicket, good), refused }
    }
  }

  cancel(seat: Seat, tickets: readonly number[]): void {
    this.#crew.send(this.#members.get(seat.id)!.mate, 'CANCEL', { tickets })
  }

  kill(seat: Seat, why: string): void {
    this.#terms.log.warn({ worker: seat.id, why }, 'worker is killed')
    this.#members.get(seat.id)?.actor?.kill()
  }

  routes(): readonly ReadonlySet<string>[] {
    return ROUTES
  }

  /** Returns the bytes of the frame. */
  #sendTasks(mate: Mate, firstTicket: number, entries: readonly Entry[]): number {
    const body = this.#crew.send(mate, 'TASKS', tasksBody(firstTicket, entries, mate.encoding))
    const frame = new SentTasks(body, mate.encoding)
    for (let place = 0; place < entries.length; place++) entries[place]!.sentIn(frame, place)
    return body.length
  }

  async #listen(): Promise<string> {
    const { endpoint, insecure, isolation } = this.#terms.options
    if (endpoint === undefined && isolation === 'process') this.#place = privateEndpoint()
    const where = endpoint ?? this.#place?.endpoint ?? `inproc://troupe-farm-${this.#terms.run}`
    assertSafeEndpoint(parseEndpoints(where, 'bind'), 'a farm', insecure)
    const log = this.#terms.log
    this.#sink = new ZMQPull(`@${where.replace(/^@/, '')}`, { codec: 'frames', receiveHighWaterMark: 0, insecure, log })
    const bound = await this.#sink.endpoint()
    void this.#read(this.#sink)
    // What listens on every interface is dialled on loopback from here.
    return bound.replace(/^tcp:\/\/0\.0\.0\.0:/, 'tcp://127.0.0.1:').replace(/^tcp:\/\/\[::\]:/, 'tcp://[::1]:')
  }

  async #read(sink: ZMQPull<{ codec: 'frames' }>): Promise<void> {
    try {
      for await (const parts of sink) this.#crew.came(parts)
    } catch (error) {
      this.#terms.failed(error)
    }
  }

  async #startWorker(id: string, sink: string | undefined): Promise<void> {
    const { shutdownMs } = this.#terms.options
    // A death that befell a worker at a task is charged to the task; only the others say that the farm is unwell.
    const counts = () => (this.#members.get(id)?.seat?.holder.held ?? 0) === 0
    await this.#supervisor!.startChild({ id, shutdownMs, counts, start: () => this.#hire(id, sink) })
  }

  /** Starts an incarnation of a worker; resolves when it has joined. */
  async #hire(id: string, sink: string | undefined): Promise<Supervised> {
    const { run, log, options } = this.#terms
    const { isolation, concurrency, graceMs, heartbeatMs, startTimeoutMs, shutdownMs, env, workerStdout, execArgv } =
      options
    const mate = this.#crew.expect(id, this.#transport())
    const member: Member = { mate, joined: deferred(), actor: undefined, seat: undefined }
    this.#members.set(id, member)
    const { incarnation, end } = mate
    const places = sink !== undefined && end.inbox !== undefined ? { sink, inbox: end.inbox } : undefined
    const tasks = moduleUrl(options.tasks).href
    const args: WorkerArgs = { id, isolation, tasks, run, incarnation, places, concurrency, graceMs, heartbeatMs }
    try {
      const actor = await Actor.start({ module: new URL('./worker.js', import.meta.url), export: 'farmWorker' }, args, {
        ...{ name: id, isolation, startTimeoutMs, shutdownMs, env, stdout: workerStdout, log },
        ...(execArgv && { execArgv }),
      })
      member.actor = actor
      end.started(actor)
      await this.#untilJoined(member, actor)
    } catch (error) {
      void this.#leave(member, error instanceof Error ? error : new Error(String(error)))
      throw error
    }
    const { actor } = member
    void actor.exit.then((exit) => void this.#leave(member, causeOf(exit)))
    return actor
  }

  /** One that speaks through its pipe is ready before it can say HELLO. */
  async #untilJoined({ mate, joined }: Member, actor: Actor): Promise<void> {
    if (mate.joined) return
    const { startTimeoutMs } = this.#terms.options
    const ended = actor.exit.then((exit) => {
      throw causeOf(exit)
    })
    try {
      await within(
        `the start of worker ${mate.id}`,
        { timeoutMs: startTimeoutMs },
        Promise.race([joined.promise, ended]),
      )
    } catch (error) {
      await actor.stop({ timeoutMs: 'brutal_kill' })
      if (!(error instanceof TimeoutError)) throw error
      throw new TroupeError('START_TIMEOUT', `worker ${mate.id} has not joined in ${startTimeoutMs} ms`)
    }
  }

  #transport(): Transport {
    const { isolation, endpoint } = this.#terms.options
    if (isolation === 'thread') return 'pipe'
    return isolation === 'inline' ? 'inproc' : endpoint?.startsWith('tcp:') ? 'tcp' : 'ipc'
  }

  #joined(mate: Mate, hello: Hello): void {
    const member = this.#members.get(mate.id)
    if (member?.mate !== mate) return
    this.#tasks = new Map(hello.tasks.map(({ name, version }) => [name, version]))
    member.seat = this.#dispatcher?.join(mate.id)
    member.joined.resolve()
  }

  /** A worker has ended. What it had sent before is on its way here, and counts. */
  async #leave({ seat, mate }: Member, cause: Error): Promise<void> {
    if (seat !== undefined) seat.leaving = true
    await mate.end.lastWords()
    const why = seat?.condemned
    const told =
      why === undefined ? cause : new TroupeError('WORKER_LOST', `the farm ended its worker: ${why}`, { cause })
    if (seat !== undefined) this.#dispatcher?.lost(seat, told)
    await this.#crew.dismiss(mate)
  }

  #silent(mate: Mate): void {
    this.#withSeat(mate, (seat) => {
      if (seat.condemned !== undefined) return
      seat.condemned = `it answered no heartbeat for ${this.#terms.options.livenessMs} ms`
      this.kill(seat, seat.condemned)
    })
  }

  #withSeat(mate: Mate, then: (seat: Seat, dispatcher: Dispatcher) => void): void {
    const member = this.#members.get(mate.id)
    if (member?.mate !== mate || member.seat === undefined || this.#dispatcher === undefined) return
    then(member.seat, this.#dispatcher)
  }
}

/** All workers are alike. */
const ROUTES = [NO_TAGS]
const NONE: ReadonlyMap<Entry, unknown> = new Map()

const causeOf = (exit: Exit): Error =>
  exit.reason === 'failed' ? exit.error : new TroupeError('WORKER_LOST', `its worker ended (${exit.reason})`)
