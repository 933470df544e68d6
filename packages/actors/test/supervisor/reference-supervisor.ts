/**
 * OTP's supervisor in short, as its source has it: one process, which does one thing at a time. A start or a stop is
 * over when it is called, so there is nothing to wait for. What happens is told to the world, which also says what comes
 * of each start.
 */
import type { AutoShutdown, RestartType, Strategy } from '@troupe/actors/supervisor'

export interface ReferenceWorld {
  start(id: string): 'ok' | 'fails' | 'ignore'
  stop(id: string): void
}

export interface ReferenceSpec {
  readonly id: string
  readonly restart: RestartType
  readonly significant: boolean
}

export interface ReferenceRules {
  readonly strategy: Strategy
  readonly intensity: number
  readonly periodMs: number
  readonly autoShutdown: AutoShutdown
}

export type Reason = 'normal' | 'shutdown' | 'killed' | 'failed'
/** `dead` is a pid whose exit is still in the mailbox. */
type Pid = 'alive' | 'dead' | 'restarting' | 'undefined'
interface Letter {
  readonly id: string
  readonly reason: Reason | 'try again'
}
interface Child extends ReferenceSpec {
  pid: Pid
  starts: number
}

export class ReferenceSupervisor {
  readonly #rules: ReferenceRules
  readonly #world: ReferenceWorld
  children: Child[] = []
  nowMs = 0
  #restarts: number[] = []
  /** The exits and the casts of `try_again_restart` that it has not read. */
  #mailbox: Letter[] = []
  /** Casts that are alone in it. */
  readonly retries = new Set<string>()
  state: 'running' | 'gave up' | 'shut down' | 'not started' = 'running'

  constructor(rules: ReferenceRules, world: ReferenceWorld, specs: readonly ReferenceSpec[]) {
    this.#rules = rules
    this.#world = world
    this.children = specs.map((spec) => ({ ...spec, pid: 'undefined', starts: 0 }))
    if (this.#startAll(this.children) === undefined) return
    this.#end('not started')
  }

  startChild(spec: ReferenceSpec): string {
    if (this.#find(spec.id) !== undefined) return 'CHILD_EXISTS'
    const child: Child = { ...spec, pid: 'undefined', starts: 0 }
    const started = this.#start(child)
    if (started === 'fails') return 'ACTOR_FAILED'
    if (started === 'ok' || spec.restart !== 'temporary') this.children.push(child)
    return started
  }

  terminateChild(id: string): string {
    const child = this.#find(id)
    if (child === undefined) return 'UNKNOWN_CHILD'
    this.#terminate(child)
    return 'done'
  }

  restartChild(id: string): string {
    const refused = this.#refusal(id)
    if (refused !== undefined) return refused
    const started = this.#start(this.#find(id)!)
    return started === 'fails' ? 'ACTOR_FAILED' : started
  }

  deleteChild(id: string): string {
    const refused = this.#refusal(id)
    if (refused !== undefined) return refused
    this.children = this.children.filter((child) => child.id !== id)
    return 'done'
  }

  /** Children end at once: their exits are in the mailbox in this order. */
  exits(ends: readonly (readonly [id: string, reason: Reason])[]): void {
    for (const [id, reason] of ends) {
      this.#find(id)!.pid = 'dead'
      this.#mailbox.push({ id, reason })
    }
    for (let next = this.#mailbox.shift(); next !== undefined; next = this.#mailbox.shift()) this.#take(next)
  }

  /** Finds the casts in its mailbox. */
  tryAgain(): void {
    const casts = [...this.retries]
    this.retries.clear()
    for (const id of casts) {
      const child = this.#find(id)
      if (this.state === 'running' && child?.pid === 'restarting') this.#restart(child)
    }
  }

  #take({ id, reason }: Letter): void {
    const child = this.#find(id)
    if (this.state !== 'running') return
    if (reason === 'try again') {
      if (child?.pid === 'restarting') this.#restart(child)
    } else if (child?.pid === 'dead') this.#exit(child, reason)
  }

  stop(): void {
    if (this.state === 'running') this.#end('shut down')
  }

  #exit(child: Child, reason: Reason): void {
    const isOrderly = reason === 'normal' || reason === 'shutdown'
    if (child.restart === 'permanent' || (child.restart === 'transient' && !isOrderly)) return this.#restart(child)
    this.#delete(child)
    const { autoShutdown } = this.#rules
    if (autoShutdown === 'never' || !child.significant) return
    const others = this.children.some(({ pid, significant }) => significant && pid !== 'undefined')
    if (autoShutdown === 'any_significant' || !others) this.#end('shut down')
  }

  #restart(child: Child): void {
    const { strategy, intensity, periodMs } = this.#rules
    this.#restarts = [...this.#restarts.filter((atMs) => this.nowMs - atMs <= periodMs), this.nowMs]
    if (this.#restarts.length > intensity) {
      child.pid = 'undefined'
      return this.#end('gave up')
    }
    if (strategy === 'one_for_one') {
      if (this.#start(child) === 'fails') this.#willTryAgain(child)
      return
    }
    child.pid = 'undefined'
    const index = strategy === 'one_for_all' ? 0 : this.children.indexOf(child)
    for (const one of this.children.slice(index).reverse()) this.#terminate(one)
    const failed = this.#startAll(this.children.slice(index))
    if (failed !== undefined) this.#willTryAgain(failed)
  }

  #willTryAgain(child: Child): void {
    child.pid = 'restarting'
    // Ours lets the event loop have its turn when there is nothing before it.
    if (this.#mailbox.length > 0 && this.#rules.strategy !== 'one_for_one') {
      this.#mailbox.push({ id: child.id, reason: 'try again' })
      return
    }
    this.retries.delete(child.id)
    this.retries.add(child.id)
  }

  /** Returns the child that could not be started, if any: those after it are not. */
  #startAll(children: readonly Child[]): Child | undefined {
    for (const child of children) {
      const started = this.#start(child)
      if (started === 'fails') return child
      if (started === 'ignore' && child.restart === 'temporary') this.#delete(child)
    }
    return undefined
  }

  #start(child: Child): 'ok' | 'fails' | 'ignore' {
    child.starts++
    const started = this.#world.start(child.id)
    child.pid = started === 'ok' ? 'alive' : 'undefined'
    return started
  }

  #terminate(child: Child): void {
    // Its exit is flushed.
    this.#mailbox = this.#mailbox.filter(({ id, reason }) => id !== child.id || reason === 'try again')
    if (child.pid === 'alive') this.#world.stop(child.id)
    this.#delete(child)
  }

  #delete(child: Child): void {
    child.pid = 'undefined'
    if (child.restart === 'temporary') this.children = this.children.filter((one) => one !== child)
  }

  #end(state: typeof this.state): void {
    this.state = state
    for (const child of [...this.children].reverse()) this.#terminate(child)
    this.children = []
  }

  #refusal(id: string): string | undefined {
    const pid = this.#find(id)?.pid
    if (pid === undefined) return 'UNKNOWN_CHILD'
    if (pid === 'restarting') return 'CHILD_RESTARTING'
    return pid === 'undefined' ? undefined : 'CHILD_RUNNING'
  }

  #find(id: string): Child | undefined {
    return this.children.find((child) => child.id === id)
  }
}
