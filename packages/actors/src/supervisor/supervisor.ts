/**
 * Supervisors, with the semantics of OTP's: children start in order and stop in reverse, what ends is restarted by the
 * rules, and too many restarts are the parent's to decide.
 */
import {
  type Clock,
  ClosedError,
  errorData,
  Lifecycle,
  type LifecycleState,
  type Logger,
  parseOptions,
  resolveLog,
  systemClock,
  TroupeError,
} from '@troupe/core'
import { ShutdownTimeOption } from '../actor/actor.options.js'
import { asFailure, type Exit, type ShutdownTime, type Supervised } from '../actor/exit.js'
import { ChildSlot } from './child-slot.js'
import { RestartIntensityError } from './restart-intensity-error.js'
import {
  type ChildPhase,
  initialSupervisor,
  type SupervisorEffect,
  type SupervisorEvent,
  type SupervisorState,
  step,
} from './supervisor.machine.js'
import { type CheckedChildSpec, ChildSpec, SupervisorOptions } from './supervisor.options.js'

/** What {@link Supervisor.subscribe} tells. */
export type SupervisorNotice =
  | { readonly type: 'started'; readonly id: string; readonly child: Supervised }
  | { readonly type: 'exited'; readonly id: string; readonly exit: Exit }
  | { readonly type: 'restarting'; readonly id: string; readonly delayMs: number }
  | { readonly type: 'gave_up'; readonly id: string; readonly error: RestartIntensityError }

/** A child as {@link Supervisor.children} lists it. */
export interface ChildInfo {
  readonly id: string
  readonly phase: ChildPhase
  readonly restarts: number
  /** While it runs. */
  readonly child: Supervised | undefined
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
  readonly #slots = new Map<string, ChildSlot>()
  readonly #listeners = new Set<(notice: SupervisorNotice) => void>()
  readonly #backoff: CheckedChildSpec['backoff']
  readonly #exit: Promise<Exit>
  #ending: 'shutdown' | 'killed' = 'shutdown'
  #machine: SupervisorState

  /**
   * Starts the children in order, each when the one before it runs; resolves when all run. When one cannot be started,
   * those before it are stopped in reverse and its error is raised.
   * @throws {TroupeError} `INVALID_OPTIONS`, `CHILD_EXISTS`, `RESTART_INTENSITY`, and what a child's start rejects with
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
    this.#backoff = backoff
    assertDistinct(name, children)
    this.#machine = initialSupervisor({ strategy, intensity, periodMs })
    this.#lifecycle = new Lifecycle({
      what: name,
      open: async (signal) => {
        for (const spec of children) if (!signal.aborted) await this.#add(spec)
      },
      close: () => this.#close(),
    })
    this.#exit = this.#lifecycle
      .finished()
      .then((state) =>
        state === 'stopped'
          ? { reason: this.#ending }
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
    const checked = parseOptions(ChildSpec, spec, 'a child of a supervisor')
    this.#lifecycle.assertRunning()
    await this.#add(checked)
  }

  /** Stops a child, also one that starts or waits for its restart, and forgets it. One that is not there is no error. */
  async stopChild(id: string): Promise<void> {
    this.#tell({ type: 'remove', id })
    const slot = this.#slots.get(id)
    // While all stop, its turn may not have come.
    if (slot !== undefined) await (slot.removal ?? this.#lifecycle.finished())
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
    for (const slot of this.#slots.values()) slot.kill()
    void this.#lifecycle.stop()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  async #add(spec: CheckedChildSpec): Promise<void> {
    const { id, restart, counts } = spec
    if (this.#slots.has(id)) throw childExists(this.name, id)
    const slot = new ChildSlot(spec, { clock: this.#clock, log: this.#log })
    this.#slots.set(id, slot)
    const backoff = spec.backoff ?? this.#backoff
    this.#step({ type: 'add', id, rules: { restart, backoff, counts: this.#safe(counts) } })
    try {
      await this.#start(slot, 0)
    } catch (error) {
      // One that was told to stop while it started keeps its place until it has: nobody else may have its id before.
      if (slot.removal !== undefined) await slot.removal
      else this.#tell({ type: 'not_started', id })
      throw error
    }
    if (slot.removal !== undefined) throw new ClosedError(`child ${id} of ${this.name}`)
  }

  /** Starts a child's next incarnation and watches it. */
  async #start(slot: ChildSlot, restarts: number): Promise<void> {
    const { id } = slot.spec
    const child = await slot.start(restarts)
    this.#tell({ type: 'started', id })
    this.#notify({ type: 'started', id, child })
    child.exit.then(
      (exit) => this.#ended(slot, child, exit),
      // Against its word; it has ended all the same.
      (error: unknown) => this.#ended(slot, child, { reason: 'failed', error: asFailure(id, error) }),
    )
  }

  async #restart(slot: ChildSlot): Promise<void> {
    const { id } = slot.spec
    try {
      await this.#start(slot, this.#machine.children.get(id)?.restarts ?? 0)
    } catch (error) {
      if (slot.removal !== undefined) return
      this.#log.warn({ child: id, err: errorData(error) }, 'child could not be restarted')
      // A restart that fails counts, and is tried again by the rules (OTP).
      this.#tell({ type: 'ended', id, exit: { reason: 'failed', error: asFailure(id, error) } })
    }
  }

  #ended(slot: ChildSlot, child: Supervised, exit: Exit): void {
    const { id } = slot.spec
    this.#notify({ type: 'exited', id, exit })
    if (slot.child !== child) return
    slot.child = undefined
    if (this.#machine.children.get(id)?.phase !== 'running') return
    const isFailure = exit.reason === 'failed'
    const facts = { child: id, reason: exit.reason, ...(isFailure && { err: errorData(exit.error) }) }
    this.#log[isFailure || exit.reason === 'killed' ? 'warn' : 'info'](facts, 'child ended')
    this.#tell({ type: 'ended', id, exit })
  }

  async #close(): Promise<void> {
    // No start is wanted any more, whenever its turn to stop comes.
    for (const slot of this.#slots.values()) slot.abortStart()
    for (const effect of this.#step({ type: 'close' })) {
      this.#do(effect)
      await this.#slots.get(effect.id)?.removal
    }
  }

  #tell(event: SupervisorEvent): void {
    for (const effect of this.#step(event)) this.#do(effect)
  }

  #step(event: SupervisorEvent): readonly SupervisorEffect[] {
    const [state, effects] = step(this.#machine, event, { nowMs: this.#clock.now(), random: this.#random })
    this.#machine = state
    if ('id' in event && !state.children.has(event.id)) this.#slots.delete(event.id)
    return effects
  }

  #do(effect: SupervisorEffect): void {
    const { id } = effect
    const slot = this.#slots.get(id)
    if (slot === undefined) return
    switch (effect.type) {
      case 'start':
        return void this.#restart(slot)
      case 'stop':
        return slot.remove(() => this.#tell({ type: 'removed', id }))
      case 'wait':
        // The timer first: a listener may stop the child.
        slot.wait(effect.delayMs, () => this.#tell({ type: 'due', id }))
        return this.#notify({ type: 'restarting', id, delayMs: effect.delayMs })
      case 'give_up': {
        const error = new RestartIntensityError(this.name, id, effect.count, this.#machine.rules.periodMs, effect.exit)
        this.#notify({ type: 'gave_up', id, error })
        return this.#lifecycle.fail(error)
      }
    }
  }

  /** A child's own rule, which must not be the end of its supervisor: an exit that it cannot judge counts. */
  #safe(counts: CheckedChildSpec['counts']): CheckedChildSpec['counts'] {
    return (exit) => {
      try {
        return counts(exit)
      } catch (error) {
        this.#log.error({ err: errorData(error) }, 'counts of a child failed')
        return true
      }
    }
  }

  #notify(notice: SupervisorNotice): void {
    for (const listener of this.#listeners) {
      try {
        listener(notice)
      } catch (error) {
        this.#log.error({ err: errorData(error) }, 'a listener of a supervisor failed')
      }
    }
  }
}

const childExists = (supervisor: string, id: string) =>
  new TroupeError('CHILD_EXISTS', `${supervisor} has a child with the id ${id}`)

/** Before any child starts: in OTP too a wrong list of specs starts none. */
function assertDistinct(supervisor: string, specs: readonly CheckedChildSpec[]): void {
  const ids = new Set<string>()
  for (const { id } of specs) {
    if (ids.has(id)) throw childExists(supervisor, id)
    ids.add(id)
  }
}
