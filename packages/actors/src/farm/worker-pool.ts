/**
 * The farm's workers: started and restarted under a supervisor, each heard and spoken to through its channel.
 */
import { errorData, Keyring, type Logger, systemClock } from '@troupe/core'
import type { Supervised } from '../actor/exit.js'
import { Supervisor } from '../supervisor/supervisor.js'
import { Crew, type Keeper, type Transport } from './crew.js'
import type { Dispatcher } from './dispatcher.js'
import type { CheckedFarmOptions } from './farm.options.js'
import { type Incarnation, Member, type WorkerStats } from './member.js'
import type { Pace } from './pace.js'
import { Guests } from './remote/guests.js'
import { Seating } from './seating.js'
import { Sink } from './sink.js'
import { Staffing } from './staffing.js'
import { causeOf, startWorker, untilJoined } from './start-worker.js'
import type { Hello } from './wire.js'
import { groupsOf, type WorkerGroup } from './worker-group.js'

/** So many tasks are of use while there is no worker yet. */
const BEFORE_ANY = 64
/** How often limits of time are looked at, in ms. */
const TICK_MS = 25
/** The delays between the restarts of a worker that keeps dying, in ms. */
const RESTART_BACKOFF = { minMs: 10, maxMs: 500 }

export interface PoolTerms {
  readonly run: string
  readonly options: CheckedFarmOptions
  readonly log: Logger
  /** The pool cannot go on. */
  failed(error: unknown): void
}

export class WorkerPool {
  /** Which worker has which seat at the dispatcher. */
  readonly seating: Seating
  readonly #terms: PoolTerms
  readonly #crew: Crew
  readonly #groups: readonly WorkerGroup[]
  readonly #routes: readonly ReadonlySet<string>[]
  readonly #staffing: Staffing
  readonly #members = new Map<string, Member>()
  readonly #guests: Guests | undefined
  #dispatcher: Dispatcher | undefined
  #keyring: Keyring | undefined
  readonly #sinks: Sink[] = []
  #sinkEndpoint: string | undefined
  /** Where the farm's own workers find it: where all do, or in private. */
  #innerEndpoint: string | undefined
  #supervisor: Supervisor | undefined
  #timers: NodeJS.Timeout[] = []
  #restarts = 0
  #tasks: ReadonlyMap<string, string | undefined> | undefined

  constructor(terms: PoolTerms) {
    this.#terms = terms
    const { run, options, log } = terms
    const { heartbeatMs, livenessMs, hangMs, concurrency, graceMs, maxMessageBytes } = options
    // A worker's own heartbeats show that its event loop turns: often enough for the limit on its silence.
    const beatMs = hangMs > 0 ? Math.max(1, Math.min(heartbeatMs, Math.floor(hangMs / 4))) : heartbeatMs
    this.#crew = new Crew(
      { run, heartbeatMs, beatMs, livenessMs, concurrency, graceMs, maxMessageBytes, clock: systemClock, log },
      {
        stranger: (header, hello) => this.#guests?.knock(header, hello),
        heard: (mate) => this.seating.heard(mate),
        results: (mate, results, bytes) => this.seating.answered(mate, results, bytes),
        update: (mate, update, bytes) => this.seating.updated(mate, update, bytes),
        faulty: (mate, why) => this.seating.end(mate, 'fault', why),
      },
    )
    this.seating = new Seating(this.#crew, log)
    if (options.joinable)
      this.#guests = new Guests({
        run,
        options,
        log,
        crew: this.#crew,
        seating: this.seating,
        keyring: () => this.#keyring,
        sink: () => this.#sinkEndpoint,
      })
    this.#groups = groupsOf(options)
    this.#routes = this.#groups.map(({ tags }) => new Set(tags))
    this.#staffing = new Staffing({
      ...{ groups: this.#groups, options, log },
      members: () => this.#members.values(),
      backlogs: () => this.#dispatcher?.backlogs() ?? [],
      start: (group) => this.#start(group),
      retire: (member) => this.#retire(member),
      failed: (error) => terms.failed(error),
    })
  }

  /** Workers that were replaced because they had ended. */
  get restarts(): number {
    return this.#restarts
  }

  /** Workers that were replaced because they were worn. */
  get recycled(): number {
    return this.#staffing.recycled
  }

  /** Where it listens; undefined when no worker has sockets. */
  get endpoint(): string | undefined {
    return this.#sinkEndpoint
  }

  /** Connections and workers that it has refused. */
  get denied(): number {
    return this.#sinks.reduce((sum, sink) => sum + sink.denied, this.#guests?.denied ?? 0)
  }

  /** Messages that were not of its workers. */
  get strays(): number {
    return this.#crew.dropped
  }

  /** How many tasks of a line are of use to all workers that there may be. */
  useful(pace: Pace): number {
    const own = this.#groups.reduce((sum, { max }) => sum + max, 0)
    const all = own * pace.held(this.#terms.options.concurrency) + (this.#guests?.useful(pace) ?? 0)
    // They wait for who may join.
    return all === 0 ? BEFORE_ANY : all
  }

  /** The versions of the tasks that the workers have, by name, as the last to join said; undefined before the first. */
  get tasks(): ReadonlyMap<string, string | undefined> | undefined {
    return this.#guests?.tasks ?? this.#tasks
  }

  /** Starts the workers; resolves when all have joined. `dispatcher` is told of all that happens to them. */
  async open(dispatcher: Dispatcher): Promise<void> {
    this.#dispatcher = dispatcher
    this.seating.open(dispatcher)
    const { intensity, periodMs, heartbeatMs, security } = this.#terms.options
    this.#keyring = security && (await Keyring.open(security, 'a farm', this.#terms.log))
    await this.#guests?.open()
    if (this.#guests !== undefined || this.#groups.some(({ isolation }) => isolation !== 'thread')) await this.#listen()
    this.#timers = [
      setInterval(() => {
        this.#guests?.tick()
        this.#crew.tick()
        dispatcher.tick()
        this.look()
      }, TICK_MS),
      setInterval(() => this.#crew.beat(), heartbeatMs),
    ]
    const { log } = this.#terms
    this.#supervisor = await Supervisor.start({
      ...{ name: 'the farm', intensity, periodMs, backoff: RESTART_BACKOFF, log },
    })
    void this.#supervisor.exit.then((exit) => exit.reason === 'failed' && this.#terms.failed(exit.error))
    this.#supervisor.subscribe((notice) => {
      if (notice.type === 'restarting' && this.#members.get(notice.id)?.retiring === false) this.#restarts++
    })
    const first = this.#groups.flatMap((group) => Array<WorkerGroup>(group.min).fill(group))
    const started = await Promise.allSettled(first.map((group) => this.#start(group)))
    for (const result of started) if (result.status === 'rejected') throw result.reason
  }

  async close(): Promise<void> {
    this.#staffing.close()
    for (const timer of this.#timers) clearInterval(timer)
    await this.#supervisor?.stop()
    await this.#guests?.close()
    await this.#crew.dismissAll()
    await Promise.all(this.#sinks.map((sink) => sink.close()))
    this.#members.clear()
  }

  killAll(): void {
    for (const { now } of this.#members.values()) now?.actor?.kill()
  }

  /** Looks whether the workers are as many as they shall be. */
  look(): void {
    this.#staffing.look(performance.now())
  }

  stats(): WorkerStats[] {
    const own = [...this.#members.values()].map((member) => member.stats())
    return this.#guests === undefined ? own : [...own, ...this.#guests.stats()]
  }

  /** The tags of each kind of worker that there is or may be; undefined when there may be any. */
  routes(): readonly ReadonlySet<string>[] | undefined {
    return this.#guests === undefined ? this.#routes : undefined
  }

  async #listen(): Promise<void> {
    const { run, log, failed, options } = this.#terms
    const isInner = this.#groups.every(({ isolation }) => isolation !== 'process')
    const came = this.#crew.came.bind(this.#crew)
    const { endpoint, insecure, maxMessageBytes, maxConnections, handshakeTimeoutMs } = options
    const limits = { maxMessageBytes, maxConnections, handshakeTimeoutMs }
    const security = this.#keyring?.listening
    const listen = (where: string | undefined) => {
      const sink = new Sink({
        run,
        endpoint: where,
        insecure,
        security: where === undefined ? undefined : security,
        isInner,
        ...limits,
        log,
        came,
        failed,
      })
      this.#sinks.push(sink)
      return sink.open()
    }
    this.#sinkEndpoint = await listen(endpoint)
    const isApart = endpoint !== undefined && security !== undefined
    this.#innerEndpoint = isApart ? await listen(undefined) : this.#sinkEndpoint
  }

  /** Starts a further worker; resolves when it has joined. */
  async #start(group: WorkerGroup): Promise<Member> {
    const member = new Member(this.#freeId(), group)
    const { id } = member
    this.#members.set(id, member)
    const { shutdownMs } = this.#terms.options
    // A death that befell a worker at a task is charged to the task; only the others say that the farm is unwell.
    const counts = () => member.held === 0 && !member.retiring
    const start = async () => (member.retiring ? 'ignore' : await this.#hire(member))
    try {
      await this.#supervisor!.startChild({ id, shutdownMs, counts, start })
    } catch (error) {
      this.#members.delete(id)
      throw error
    }
    return member
  }

  #freeId(): string {
    for (let number = 1; ; number++) if (!this.#members.has(`worker-${number}`)) return `worker-${number}`
  }

  /** Starts an incarnation of a worker; resolves when it has joined. */
  async #hire(member: Member): Promise<Supervised> {
    const { run, log, options } = this.#terms
    const { group, id } = member
    const beganMs = performance.now()
    const keeper: Keeper = {
      joined: (hello) => this.#joined(member, now, hello),
      proven: () => undefined,
      answered: () => this.#dismissIfEmpty(member),
      // One that is started here leaves when it is told to.
      leaving: () => undefined,
      silent: (why) => this.seating.end(now.mate, 'condemned', why),
      kill: () => now.actor?.kill(),
    }
    const now: Incarnation = member.begin(this.#crew.expect(id, this.#transport(group), keeper))
    try {
      const actor = await startWorker(now.mate, group, { run, options, sink: this.#innerEndpoint, log })
      now.actor = actor
      if (!now.mate.joined) await untilJoined(actor, now.joined.promise, options.startTimeoutMs)
      this.#staffing.started(performance.now() - beganMs)
      void actor.exit.then((exit) => this.#ended(member, now, causeOf(exit)))
      return actor
    } catch (error) {
      // Without a thread that has it, nothing else would close it.
      if (now.actor === undefined) now.mate.end.port?.close()
      void this.#ended(member, now, error instanceof Error ? error : new Error(String(error)))
      throw error
    }
  }

  #transport({ isolation }: WorkerGroup): Transport {
    if (isolation === 'thread') return 'port'
    if (isolation === 'inline') return 'inproc'
    return this.#keyring === undefined && this.#terms.options.endpoint?.startsWith('tcp:') ? 'tcp' : 'ipc'
  }

  #joined(member: Member, now: Incarnation, hello: Hello): void {
    if (member.now !== now) return
    this.#tasks = new Map(hello.tasks.map(({ name, version }) => [name, version]))
    this.seating.take(now.mate, hello)
    now.joined.resolve()
  }

  async #ended(member: Member, { mate }: Incarnation, cause: Error): Promise<void> {
    await this.seating.lose(mate, cause)
    this.#dismissIfEmpty(member)
  }

  #retire(member: Member): void {
    member.retiring = true
    if (member.seat !== undefined) member.seat.leaving = true
    this.#dismissIfEmpty(member)
  }

  #dismissIfEmpty(member: Member | undefined): void {
    if (member?.retiring !== true || member.isDismissed || member.held > 0) return
    member.isDismissed = true
    void this.#dismiss(member)
  }

  /** Stops a worker that retires, and forgets it; only then its id is free for another. */
  async #dismiss({ id }: Member): Promise<void> {
    try {
      await this.#supervisor!.stopChild(id)
      await this.#supervisor!.deleteChild(id)
      this.#members.delete(id)
    } catch (error) {
      // The farm stops, and this one with it.
      this.#terms.log.debug({ worker: id, err: errorData(error) }, 'a worker was not dismissed')
    }
  }
}
