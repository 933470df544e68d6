/**
 * Supervisors, with the semantics of OTP's: children start in order and stop in reverse, what ends is restarted by the
 * rules, and too many restarts are the parent's to decide.
 */
import {
  type Clock,
  deferred,
  errorData,
  Lifecycle,
  type LifecycleState,
  type Logger,
  parseOptions,
  resolveLog,
  systemClock,
  TroupeError,
  within,
} from '@troupe/core'
import type { Exit, ShutdownTime, Supervised } from '../actor/exit.js'
import { asFailure } from '../actor/inline-body.js'
import {
  type ChildPhase,
  initialSupervisor,
  type SupervisorEffect,
  type SupervisorEvent,
  type SupervisorState,
  step,
} from './supervisor.machine.js'
import { type CheckedChildSpec, ChildSpec, SupervisorOptions } from './supervisor.options.js'

/** Too many restarts in too short a time. `cause` is why the last child ended. */
export class RestartIntensityError extends TroupeError {
  override readonly name = 'RestartIntensityError'
  readonly child: string
  readonly restarts: number
  readonly periodMs: number

  constructor(supervisor: string, child: string, restarts: number, periodMs: number, exit: Exit) {
    const last = exit.reason === 'failed' ? exit.error.message : exit.reason
    super(
      'RESTART_INTENSITY',
      `${supervisor} gave up: ${restarts} restarts within ${periodMs} ms are too many; the last child to end was ${child}: ${last}`,
      exit.reason === 'failed' ? { cause: exit.error } : {},
    )
    this.child = child
    this.restarts = restarts
    this.periodMs = periodMs
  }
}

/** What {@link Supervisor.subscribe} tells. */
export type SupervisorNotice =
  | { readonly type: 'started'; readonly id: string; readonly child: Supervised }
  | { readonly type: 'exited'; readonly id: string; readonly exit: Exit }
  | { readonly type: 'restarting'; readonly id: string; readonly delayMs: number }

/** A child as {@link Supervisor.children} lists it. */
export interface ChildInfo {
  readonly id: string
  readonly phase: ChildPhase
  readonly restarts: number
  /** While it runs. */
  readonly child: Supervised | undefined
}

interface Slot {
  readonly spec: CheckedChildSpec
  child: Supervised | undefined
  starting: Promise<void> | undefined
  timer: unknown
}

/**
 * A supervisor.
 * @example
 * await using tree = await Supervisor.start({
 *   intensity: 3, periodMs: 5_000,
 *   children: [{ id: 'echo', start: () => Actor.start(echo) }],
 * })
 */
export class Supervisor implements Supervised, AsyncDisposable {
  readonly name: string
  readonly #clock: Clock
  readonly #random: () => number
  readonly #log: Logger
  readonly #lifecycle: Lifecycle
  readonly #aborter = new AbortController()
  readonly #slots = new Map<string, Slot>()
  readonly #listeners = new Set<(notice: SupervisorNotice) => void>()
  readonly #exit: Promise<Exit>
  #machine: SupervisorState

  /**
   * Starts the children in order, each when the one before it runs; resolves when all run. When one cannot be started,
   * those before it are stopped in reverse and its error is raised.
   * @throws {TroupeError} `INVALID_OPTIONS`, `CHILD_EXISTS`, and what a child's start rejects with
   */
  static async start(options: SupervisorOptions = {}): Promise<Supervisor> {
    const supervisor = new Supervisor(options)
    await supervisor.#lifecycle.start()
    return supervisor
  }

  private constructor(given: SupervisorOptions) {
    const options = parseOptions(SupervisorOptions, given, 'a supervisor')
    const { name, strategy, intensity, periodMs, clock, random, log, children, backoff } = options
    this.name = name
    this.#clock = clock ?? systemClock
    this.#random = random ?? Math.random
    this.#log = resolveLog(log).child({ supervisor: name })
    this.#machine = initialSupervisor({ strategy, intensity, periodMs })
    this.#lifecycle = new Lifecycle({
      what: name,
      open: async () => {
        for (const spec of children) await this.#add({ ...spec, ...(backoff && { backoff: spec.backoff ?? backoff }) })
      },
      close: () => this.#close(),
    })
    this.#exit = this.#lifecycle
      .finished()
      .then((state) =>
        state === 'stopped'
          ? { reason: 'shutdown' }
          : { reason: 'failed', error: asFailure(name, this.#lifecycle.error) },
      )
  }

  /** How it ended: `failed` with {@link RestartIntensityError} when it gave up. Never rejects. */
  get exit(): Promise<Exit> {
    return this.#exit
  }

  get state(): LifecycleState {
    return this.#lifecycle.state
  }

  /** Its children, in the order of their start. */
  children(): ChildInfo[] {
    return [...this.#machine.children].map(([id, { phase, restarts }]) => {
      return { id, phase, restarts, child: this.#slots.get(id)?.child }
    })
  }

  /**
   * Starts a further child and resolves when it runs. Several may start at a time.
   * @throws {TroupeError} `CHILD_EXISTS`, `CLOSED`, `INVALID_OPTIONS`, and what its start rejects with
   */
  async startChild(spec: ChildSpec): Promise<void> {
    const checked = parseOptions(ChildSpec, spec, `child ${String(spec.id)}`)
    this.#lifecycle.assertRunning()
    await this.#add(checked)
  }

  /** Stops a child and forgets it. One that is not there is no error. */
  async stopChild(id: string): Promise<void> {
    const slot = this.#slots.get(id)
    if (slot === undefined) return
    this.#tell({ type: 'remove', id })
    await this.#remove(id, slot)
  }

  /** Calls `listener` with what happens to its children from now on; returns what ends it. */
  subscribe(listener: (notice: SupervisorNotice) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Stops its children in reverse order, each within its time, and resolves when all have ended. Idempotent. */
  async stop(_options: { readonly timeoutMs?: ShutdownTime | undefined } = {}): Promise<void> {
    await this.#lifecycle.stop()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  async #add(spec: CheckedChildSpec): Promise<void> {
    if (this.#slots.has(spec.id)) {
      throw new TroupeError('CHILD_EXISTS', `${this.name} has a child with the id ${spec.id}`)
    }
    const slot: Slot = { spec, child: undefined, starting: undefined, timer: undefined }
    this.#slots.set(spec.id, slot)
    const { restart, backoff, counts } = spec
    this.#machine = step(
      this.#machine,
      { type: 'add', id: spec.id, rules: { restart, backoff, counts } },
      this.#around(),
    )[0]
    try {
      await this.#start(spec.id, slot, 0)
    } catch (error) {
      this.#tell({ type: 'not_started', id: spec.id })
      this.#slots.delete(spec.id)
      throw error
    }
  }

  /** Starts a child's next incarnation and watches it. */
  async #start(id: string, slot: Slot, restarts: number): Promise<void> {
    const done = deferred()
    slot.starting = done.promise
    try {
      const child = await slot.spec.start({ signal: this.#aborter.signal, restarts })
      slot.child = child
      this.#tell({ type: 'started', id })
      this.#notify({ type: 'started', id, child })
      void child.exit.then((exit) => this.#ended(id, slot, child, exit))
    } finally {
      slot.starting = undefined
      done.resolve()
    }
  }

  #ended(id: string, slot: Slot, child: Supervised, exit: Exit): void {
    if (slot.child !== child) return
    slot.child = undefined
    this.#notify({ type: 'exited', id, exit })
    if (this.#lifecycle.state !== 'running' && this.#lifecycle.state !== 'starting') return
    this.#log.warn(
      { child: id, reason: exit.reason, ...(exit.reason === 'failed' && { err: exit.error }) },
      'child ended',
    )
    this.#tell({ type: 'ended', id, exit })
    if (!this.#machine.children.has(id)) this.#slots.delete(id)
  }

  #tell(event: SupervisorEvent): void {
    const [state, effects] = step(this.#machine, event, this.#around())
    this.#machine = state
    for (const effect of effects) this.#do(effect)
  }

  #do(effect: SupervisorEffect): void {
    const slot = this.#slots.get(effect.id)
    switch (effect.type) {
      case 'start':
        if (slot !== undefined) void this.#restart(effect.id, slot)
        return
      case 'wait':
        this.#notify({ type: 'restarting', id: effect.id, delayMs: effect.delayMs })
        if (slot !== undefined) {
          slot.timer = this.#clock.setTimeout(() => this.#tell({ type: 'due', id: effect.id }), effect.delayMs)
        }
        return
      case 'give_up': {
        const { periodMs } = this.#machine.rules
        this.#lifecycle.fail(new RestartIntensityError(this.name, effect.id, effect.count, periodMs, effect.exit))
        return
      }
      case 'stop':
        // Its caller waits for it.
        return
    }
  }

  async #restart(id: string, slot: Slot): Promise<void> {
    try {
      await this.#start(id, slot, this.#machine.children.get(id)?.restarts ?? 0)
    } catch (error) {
      if (this.#lifecycle.state !== 'running') return
      this.#log.warn({ child: id, err: errorData(error) }, 'child could not be restarted')
      // A restart that fails counts, and is tried again by the rules (OTP).
      this.#tell({ type: 'ended', id, exit: { reason: 'failed', error: asFailure(id, error) } })
    }
  }

  async #close(): Promise<void> {
    this.#aborter.abort(new TroupeError('CLOSED', `${this.name} stops`))
    for (const [id, slot] of [...this.#slots].reverse()) await this.#remove(id, slot)
  }

  async #remove(id: string, slot: Slot): Promise<void> {
    this.#clock.clearTimeout(slot.timer)
    await slot.starting
    const { child, spec } = slot
    if (child !== undefined) await this.#stopWithin(child, spec.shutdownMs)
    slot.child = undefined
    this.#slots.delete(id)
    this.#tell({ type: 'removed', id })
  }

  /** OTP's shutdown: asks, waits, kills. */
  async #stopWithin(child: Supervised, shutdownMs: ShutdownTime): Promise<void> {
    const stopping = child.stop({ timeoutMs: shutdownMs }).catch((error: unknown) => {
      this.#log.error({ err: errorData(error) }, 'child could not be stopped')
    })
    if (typeof shutdownMs !== 'number') return stopping
    // A child that keeps to its time does so by itself; one that does not is killed a little later.
    await within('the end of a child', { timeoutMs: shutdownMs + 1_000 }, stopping).catch(() => child.kill?.())
  }

  #notify(notice: SupervisorNotice): void {
    for (const listener of this.#listeners) listener(notice)
  }

  #around() {
    return { nowMs: this.#clock.now(), random: this.#random }
  }
}
