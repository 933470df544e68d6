/**
 * The farm's workers: started and restarted under a supervisor, each heard and spoken to through its channel.
 */
import { errorData, type Logger, systemClock, TroupeError } from '@troupe/core'
import type { Supervised } from '../actor/exit.js'
import { Supervisor } from '../supervisor/supervisor.js'
import { Crew, type Mate, type Transport } from './crew.js'
import type { Dispatcher, DispatchPort, Seat } from './dispatcher.js'
import type { CheckedFarmOptions } from './farm.options.js'
import type { Entry } from './ledger.js'
import { type Incarnation, Member, type WorkerStats } from './member.js'
import { Sink } from './sink.js'
import { Staffing } from './staffing.js'
import { causeOf, startWorker, untilJoined } from './start-worker.js'
import { SentTasks, tasksBody, unencodable } from './tasks-frame.js'
import { type Hello, sizeOf } from './wire.js'
import { groupsOf, type WorkerGroup } from './worker-group.js'

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

export class WorkerPool implements Pick<DispatchPort, 'send' | 'cancel' | 'allow' | 'kill' | 'routes'> {
  readonly #terms: PoolTerms
  readonly #crew: Crew
  readonly #groups: readonly WorkerGroup[]
  readonly #routes: readonly ReadonlySet<string>[]
  readonly #staffing: Staffing
  readonly #members = new Map<string, Member>()
  /** Those that the dispatcher knows. A worker's next may have begun while what its last had sent is still on its way. */
  readonly #seated = new Map<Seat, Incarnation>()
  #dispatcher: Dispatcher | undefined
  #sink: Sink | undefined
  #sinkEndpoint: string | undefined
  #supervisor: Supervisor | undefined
  #timers: NodeJS.Timeout[] = []
  #restarts = 0
  #tasks: ReadonlyMap<string, string | undefined> | undefined

  constructor(terms: PoolTerms) {
    this.#terms = terms
    const { run, options, log } = terms
    const { heartbeatMs, livenessMs, hangMs } = options
    // A worker's own heartbeats show that its event loop turns: often enough for the limit on its silence.
    const beatMs = hangMs > 0 ? Math.max(1, Math.min(heartbeatMs, Math.floor(hangMs / 4))) : heartbeatMs
    this.#crew = new Crew(
      { run, heartbeatMs, beatMs, livenessMs, clock: systemClock, log },
      {
        joined: (mate, hello) => this.#joined(mate, hello),
        heard: (mate) => this.#withSeat(mate, (seat, dispatcher) => dispatcher.heard(seat)),
        results: (mate, results, bytes) => {
          this.#withSeat(mate, (seat, dispatcher) => dispatcher.answered(seat, results, bytes))
          this.#dismissIfEmpty(this.#members.get(mate.id))
        },
        update: (mate, update, bytes) =>
          this.#withSeat(mate, (seat, dispatcher) => dispatcher.updated(seat, update, bytes)),
        unreadable: (mate, kind) => this.#end(mate, 'fault', `its ${kind} cannot be read`),
        silent: (mate) => this.#end(mate, 'condemned', `it answered no heartbeat for ${livenessMs} ms`),
      },
    )
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

  /** How many workers there may be. */
  get most(): number {
    return this.#groups.reduce((sum, { max }) => sum + max, 0)
  }

  /** The versions of the tasks that the workers have, by name, as the last to join said; undefined before the first. */
  get tasks(): ReadonlyMap<string, string | undefined> | undefined {
    return this.#tasks
  }

  /** Starts the workers; resolves when all have joined. `dispatcher` is told of all that happens to them. */
  async open(dispatcher: Dispatcher): Promise<void> {
    this.#dispatcher = dispatcher
    const { intensity, periodMs, heartbeatMs } = this.#terms.options
    if (this.#groups.some(({ isolation }) => isolation !== 'thread')) await this.#listen()
    this.#timers = [
      setInterval(() => {
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
    await this.#crew.dismissAll()
    await this.#sink?.close()
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
    return [...this.#members.values()].map((member) => member.stats())
  }

  send(seat: Seat, firstTicket: number, entries: readonly Entry[]): ReturnType<DispatchPort['send']> {
    const { mate } = this.#seated.get(seat)!
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
    this.#crew.send(this.#seated.get(seat)!.mate, 'CANCEL', { tickets })
  }

  allow(seat: Seat, ticket: number, upTo: number): void {
    this.#crew.send(this.#seated.get(seat)!.mate, 'CREDIT', { allowed: [[ticket, upTo]] })
  }

  kill(seat: Seat, why: string): void {
    this.#terms.log.warn({ worker: seat.id, why }, 'worker is killed')
    this.#seated.get(seat)?.actor?.kill()
  }

  routes(): readonly ReadonlySet<string>[] {
    return this.#routes
  }

  /** Returns the bytes of the frame. */
  #sendTasks(mate: Mate, firstTicket: number, entries: readonly Entry[]): number {
    const parts = this.#crew.send(mate, 'TASKS', tasksBody(firstTicket, entries, mate.encoding))
    const frame = new SentTasks(parts, mate.encoding)
    for (let place = 0; place < entries.length; place++) entries[place]!.sentIn(frame, place)
    return sizeOf(parts)
  }

  async #listen(): Promise<void> {
    const { run, log, failed, options } = this.#terms
    const isInner = this.#groups.every(({ isolation }) => isolation !== 'process')
    const came = this.#crew.came.bind(this.#crew)
    const { endpoint, insecure } = options
    this.#sink = new Sink({ run, endpoint, insecure, isInner, log, came, failed })
    this.#sinkEndpoint = await this.#sink.open()
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
    const now = member.begin(this.#crew.expect(id, this.#transport(group)))
    try {
      const actor = await startWorker(now.mate, group, { run, options, sink: this.#sinkEndpoint, log })
      now.actor = actor
      if (!now.mate.joined) await untilJoined(actor, now.joined.promise, options.startTimeoutMs)
      this.#staffing.started(performance.now() - beganMs)
      void actor.exit.then((exit) => this.#leave(member, now, causeOf(exit)))
      return actor
    } catch (error) {
      // Without a thread that has it, nothing else would close it.
      if (now.actor === undefined) now.mate.end.port?.close()
      void this.#leave(member, now, error instanceof Error ? error : new Error(String(error)))
      throw error
    }
  }

  #transport({ isolation }: WorkerGroup): Transport {
    if (isolation === 'thread') return 'port'
    if (isolation === 'inline') return 'inproc'
    return this.#terms.options.endpoint?.startsWith('tcp:') ? 'tcp' : 'ipc'
  }

  #joined(mate: Mate, { tasks, tags }: Hello): void {
    const now = this.#members.get(mate.id)?.now
    if (now?.mate !== mate) return
    this.#tasks = new Map(tasks.map(({ name, version }) => [name, version]))
    now.seat = this.#dispatcher?.join(mate.id, new Set(tags))
    if (now.seat !== undefined) this.#seated.set(now.seat, now)
    now.joined.resolve()
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

  /** A worker has ended. What it had sent before is on its way here, and counts. */
  async #leave(member: Member, { seat, mate }: Incarnation, cause: Error): Promise<void> {
    if (seat !== undefined) seat.leaving = true
    await mate.end.lastWords()
    const why = seat?.condemned ?? seat?.fault
    const told =
      why === undefined ? cause : new TroupeError('WORKER_LOST', `the farm ended its worker: ${why}`, { cause })
    if (seat !== undefined) {
      this.#dispatcher?.lost(seat, told)
      this.#seated.delete(seat)
    }
    await this.#crew.dismiss(mate)
    this.#dismissIfEmpty(member)
  }

  #end(mate: Mate, as: 'condemned' | 'fault', why: string): void {
    this.#withSeat(mate, (seat) => {
      if (seat.condemned !== undefined || seat.fault !== undefined) return
      seat[as] = why
      this.kill(seat, why)
    })
  }

  #withSeat(mate: Mate, then: (seat: Seat, dispatcher: Dispatcher) => void): void {
    const { now } = this.#members.get(mate.id) ?? {}
    const seat = now?.mate === mate ? now.seat : this.#formerSeat(mate)
    if (seat !== undefined && this.#dispatcher !== undefined) then(seat, this.#dispatcher)
  }

  #formerSeat(mate: Mate): Seat | undefined {
    for (const [seat, incarnation] of this.#seated) if (incarnation.mate === mate) return seat
    return undefined
  }
}

const NONE: ReadonlyMap<Entry, unknown> = new Map()
