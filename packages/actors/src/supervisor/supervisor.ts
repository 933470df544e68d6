/**
 * Supervisors, with the semantics of OTP's: children start in order and stop in reverse, what ends is restarted by the
 * rules, and too many restarts are the parent's to decide.
 */
import {
  type Clock,
  errorData,
  InvalidOptionsError,
  Lifecycle,
  type LifecycleState,
  type Logger,
  parseOptions,
  resolveLog,
  systemClock,
  TroupeError,
} from '@troupe/core'
import { ShutdownTimeOption } from '../actor/actor.options.js'
import type { MessageOf, ReplyOf } from '../actor/code.js'
import { asFailure, type Exit, type ShutdownTime, type Supervised } from '../actor/exit.js'
import { type Inspector, toldTo } from '../actor/inspect-option.js'
import type { DeadLetter } from '../actor/letter.js'
import { here, type Place } from '../actor/place.js'
import type { ActorRef } from './actor-ref.js'
import { type ChildInfo, ChildKeeper } from './child-keeper.js'
import type { Transition } from './observatory.js'
import type { AutoShutdown, Strategy } from './strategy.js'
import { type CheckedChildSpec, type ChildSpec, childSpecUnder, SupervisorOptions } from './supervisor.options.js'
import type { SupervisorNotice } from './supervisor-notice.js'
import { TransitionFeed, type TransitionFeedOptions } from './transition-feed.js'
import { type Branch, SupervisionTree } from './tree.js'

/** How many children a supervisor has, as OTP counts them. */
export interface ChildCounts {
  /** All, also those that do not run. */
  readonly specs: number
  /** Those that run. */
  readonly active: number
  /** Those that are supervisors, and those that are not, running or not. */
  readonly supervisors: number
  readonly workers: number
}

/**
 * A supervisor.
 * @example
 * await using tree = await Supervisor.start({
 *   intensity: 3, periodMs: 5_000,
 *   children: [{ id: 'echo', start: () => Actor.start(echo) }],
 * })
 */
export class Supervisor implements Supervised, Branch, AsyncDisposable {
  /** What errors and logs call it. */
  readonly name: string
  /** Its path in its tree: its name, if it is the root. */
  readonly path: string
  /** Which children are restarted when one ends. */
  readonly strategy: Strategy
  readonly #tree: SupervisionTree
  readonly #clock: Clock
  readonly #log: Logger
  readonly #autoShutdown: AutoShutdown
  readonly #lifecycle: Lifecycle
  readonly #keeper: ChildKeeper
  readonly #listeners = new Set<(notice: SupervisorNotice) => void>()
  readonly #exit: Promise<Exit>
  #ending: 'shutdown' | 'killed' = 'shutdown'

  /**
   * Starts the children in order, each when the one before it runs; resolves when all run. When one cannot be started,
   * those before it are stopped in reverse and its error is raised.
   * @throws {TroupeError} `INVALID_OPTIONS`, `CHILD_EXISTS`, and what a child's start rejects with
   */
  static async start(options: SupervisorOptions = {}): Promise<Supervisor> {
    const supervisor = new Supervisor(options, options.place ?? here())
    await supervisor.#lifecycle.start()
    supervisor.#keeper.open()
    return supervisor
  }

  private constructor(given: SupervisorOptions, place: Place | undefined) {
    const options = parseOptions(SupervisorOptions, given, 'a supervisor')
    const { strategy, intensity, periodMs, autoShutdown, backoff, children } = options
    const name = options.name ?? place?.path ?? 'root'
    assertDistinct(name, children)
    this.name = name
    this.path = place?.path ?? name
    const isRoot = place === undefined
    if (!isRoot && options.spares > 0) throw sparesBelowRoot(name)
    this.#tree = isRoot ? new SupervisionTree(this, options.spares) : (place.tree as SupervisionTree)
    this.#clock = options.clock ?? systemClock
    this.#log = resolveLog(options.log).child({ supervisor: name })
    this.#autoShutdown = autoShutdown
    this.strategy = strategy
    this.#keeper = new ChildKeeper({
      supervisor: name,
      rules: { strategy, intensity, periodMs, autoShutdown },
      backoff,
      clock: this.#clock,
      random: options.random ?? Math.random,
      log: this.#log,
      isSupervisor: (child) => child instanceof Supervisor,
      placeOf: (id) => ({ path: `${this.path}/${id}`, tree: this.#tree }),
      notify: (notice) => this.#notify(notice),
      stepped: (step) => this.#tree.observatory.stepped(this.path, step),
      gaveUp: (error) => this.#lifecycle.fail(error),
      shutDown: () => void this.#lifecycle.stop(),
    })
    this.#lifecycle = new Lifecycle({
      what: name,
      id: `lifecycle of ${this.path}`,
      open: async ({ signal }) => {
        for (const spec of children) if (!signal.aborted) await this.#keeper.add(spec)
      },
      close: async () => {
        await this.#keeper.close()
        if (isRoot) await this.#tree.close()
      },
    })
    const inspected = options.inspect && this.#inspectedBy(options.inspect)
    const ended = this.#tree.began(this.path, this.#lifecycle)
    void this.#lifecycle.finished().then(() => {
      ended()
      inspected?.()
      if (isRoot) this.#tree.observatory.close()
    })
    this.#exit = this.#lifecycle
      .finished()
      .then((state) =>
        state === 'stopped'
          ? { reason: this.#ending }
          : { reason: 'failed', error: asFailure(name, this.#lifecycle.error) },
      )
  }

  /**
   * How it ended: `shutdown` also when it stopped by its `autoShutdown`, `failed` with {@link RestartIntensityError} when
   * it gave up. Never rejects.
   */
  get exit(): Promise<Exit> {
    return this.#exit
  }

  get state(): LifecycleState {
    return this.#lifecycle.state
  }

  /** Its children, also those that are stopped, in the order of their first start. */
  children(): ChildInfo[] {
    return Array.from(this.#keeper.all(), ({ id, phase, restarts, child }) => ({ id, phase, restarts, child }))
  }

  /** A child of that id, as far as it has come; undefined if there is none. */
  childAt(id: string): Pick<ChildInfo, 'phase' | 'child'> | undefined {
    return this.#keeper.at(id)
  }

  /**
   * A reference to an actor of the tree by its path, as `root/pool/worker-3`: it stays good when the actor restarts, and
   * before it is there. `Code` is the type of what the actor is made of.
   */
  lookup<Code = unknown>(path: string): ActorRef<MessageOf<Code>, ReplyOf<Code>> {
    return this.#tree.lookup(path)
  }

  /** How many messages to actors of the tree nobody took. */
  get deadLetters(): number {
    return this.#tree.deadLetters
  }

  /** Calls `listener` with each message to an actor of the tree that nobody takes from now on; returns what ends it. */
  onDeadLetter(listener: (letter: DeadLetter) => void): () => void {
    return this.#tree.onDeadLetter((letter) => this.#safely(() => listener(letter)))
  }

  /**
   * Calls `listener` with each transition of a machine of the tree from now on, in whichever thread or process: of the
   * lifecycles of actors and supervisors, of the phases of children (`child`), and of your own machines. Returns what ends it.
   * In order for each machine; what happens elsewhere comes a little later.
   */
  onTransition(listener: (transition: Transition) => void): () => void {
    const next = (transition: Transition) => this.#safely(() => listener(transition))
    return this.#tree.observatory.onTransition({ next })
  }

  /**
   * As {@link onTransition}, to be read at one's own pace: a feed that ends with the tree, holds `limit` transitions, and
   * counts those that it has dropped. @throws {TroupeError} `INVALID_OPTIONS`
   */
  transitions(options: TransitionFeedOptions = {}): TransitionFeed {
    return new TransitionFeed(options, (observer) => this.#tree.observatory.onTransition(observer))
  }

  /** Counts its children. */
  countChildren(): ChildCounts {
    const counts = { specs: 0, active: 0, supervisors: 0, workers: 0 }
    for (const { phase, child, isSupervisor } of this.#keeper.all()) {
      counts.specs++
      if (phase === 'running' && child !== undefined) counts.active++
      counts[isSupervisor ? 'supervisors' : 'workers']++
    }
    return counts
  }

  /**
   * Starts a further child behind the others; resolves with it when it runs, or with undefined when its start says
   * `ignore`. With `one_for_one` several may start at a time.
   * @throws {TroupeError} `CHILD_EXISTS`, `CLOSED`, `INVALID_OPTIONS`, and what its start rejects with
   */
  async startChild(spec: ChildSpec): Promise<Supervised | undefined> {
    return this.#keeper.add(parseOptions(childSpecUnder(this.#autoShutdown), spec, 'a child of a supervisor'))
  }

  /**
   * Stops a child, also one that starts or waits for its restart; resolves when it has ended. Its spec is kept as
   * `stopped`; a temporary child is forgotten.
   * @throws {TroupeError} `UNKNOWN_CHILD`, `CLOSED`
   */
  async stopChild(id: string): Promise<void> {
    await this.#keeper.command('terminate', id)
  }

  /**
   * Starts a child that is stopped; resolves as {@link startChild}. One that cannot be started stays stopped.
   * @throws {TroupeError} `UNKNOWN_CHILD`, `CHILD_RUNNING`, `CHILD_RESTARTING`, `CLOSED`, and what its start rejects with
   */
  restartChild(id: string): Promise<Supervised | undefined> {
    return this.#keeper.command('restart', id)
  }

  /**
   * Forgets a child that is stopped.
   * @throws {TroupeError} `UNKNOWN_CHILD`, `CHILD_RUNNING`, `CHILD_RESTARTING`, `CLOSED`
   */
  async deleteChild(id: string): Promise<void> {
    await this.#keeper.command('delete', id)
  }

  /** Calls `listener` with what happens to its children from now on; returns what ends it. */
  subscribe(listener: (notice: SupervisorNotice) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /**
   * Stops its children in reverse order, each within its time, and resolves when all have ended. With `timeoutMs`, those
   * that are left after that time are killed. Idempotent.
   * @throws {TroupeError} `INVALID_OPTIONS`
   */
  async stop({ timeoutMs = 'infinity' }: { readonly timeoutMs?: ShutdownTime | undefined } = {}): Promise<void> {
    const time = parseOptions(ShutdownTimeOption, timeoutMs, 'the stop of a supervisor')
    if (time === 'brutal_kill') this.kill()
    const timer = typeof time === 'number' ? this.#clock.setTimeout(() => this.kill(), time) : undefined
    await this.#lifecycle.stop()
    this.#clock.clearTimeout(timer)
  }

  /** Kills its children, and theirs. Its exit tells when they are gone. */
  kill(): void {
    this.#ending = 'killed'
    this.#keeper.kill()
    void this.#lifecycle.stop()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  #inspectedBy(inspector: Inspector): () => void {
    const failed = (error: unknown) => this.#log.error({ err: errorData(error) }, 'an inspector failed')
    return this.#tree.observatory.inspect(this.path, toldTo(inspector, failed))
  }

  #notify(notice: SupervisorNotice): void {
    for (const listener of this.#listeners) this.#safely(() => listener(notice))
    this.#tree.change()
  }

  #safely(tell: () => void): void {
    try {
      tell()
    } catch (error) {
      this.#log.error({ err: errorData(error) }, 'a listener of a supervisor failed')
    }
  }
}

/** Spares are of the whole tree: it would look as if a branch had some of its own. */
const sparesBelowRoot = (supervisor: string) =>
  new InvalidOptionsError(supervisor, [{ path: 'spares', message: 'must be given to the root of the tree' }])

/** Before any child starts: in OTP too a wrong list of specs starts none. */
function assertDistinct(supervisor: string, specs: readonly CheckedChildSpec[]): void {
  const ids = new Set<string>()
  for (const { id } of specs) {
    if (ids.has(id)) throw new TroupeError('CHILD_EXISTS', `${supervisor} has two children with the id ${id}`)
    ids.add(id)
  }
}
