/**
 * Takes a resource that opens and closes through the states of the lifecycle machine.
 *
 * The machine is the table of the steps, taken from its own config. An actor of xstate for each lifecycle costs five times the
 * memory and ten times the time, which a tree of 10,000 actors would pay for: there is one only while it is inspected.
 */
import type { InspectionEvent, Subscription } from 'xstate'
import { ClosedError } from '../errors.js'
import { LazyAbort } from '../lazy-abort.js'
import type { LifecycleInput } from './lifecycle.machine.js'
import { LifecycleMirror } from './lifecycle-mirror.js'
import { type LifecycleState, type LifecycleStep, nextStep } from './lifecycle-steps.js'

export type { LifecycleState } from './lifecycle-steps.js'

/** What a lifecycle opens and closes. */
export interface LifecycleResource extends LifecycleInput {
  /** Says what it is in errors, as `farm` or `push socket`. */
  readonly what: string
  /** What inspectors of xstate call its machine. Default: `what`. */
  readonly id?: string
}

export class Lifecycle {
  readonly #resource: LifecycleResource
  #state: LifecycleState = 'idle'
  #failure: { readonly error: unknown } | undefined
  #opening: LazyAbort | undefined
  readonly #listeners = new Set<(state: LifecycleState) => void>()
  #mirror: LifecycleMirror | undefined
  /** Steps that a listener takes wait for the others to hear of the one before. */
  readonly #queue: (readonly [step: LifecycleStep, error: unknown])[] = []
  #isTaking = false

  constructor(resource: LifecycleResource) {
    this.#resource = resource
  }

  get state(): LifecycleState {
    return this.#state
  }

  /** What went wrong first, if anything did. */
  get error(): unknown {
    return this.#failure?.error
  }

  /** Calls `listener` with each state that is entered from now on; returns what ends it. */
  subscribe(listener: (state: LifecycleState) => void): () => void {
    const own = (state: LifecycleState) => listener(state)
    this.#listeners.add(own)
    return () => this.#listeners.delete(own)
  }

  /** Tells xstate's inspection events of its machine from now on. */
  inspect(observer: (event: InspectionEvent) => void): Subscription {
    const { id, what } = this.#resource
    this.#mirror ??= new LifecycleMirror(id ?? what, this.#resource, this.#state, this.#failure)
    return this.#mirror.inspect(observer)
  }

  /** Starts, and resolves when it runs; rejects with what went wrong, after all is closed again. */
  start(): Promise<void> {
    this.#take('start')
    return this.running()
  }

  /** Resolves when it runs. @throws what it failed with; `CLOSED` when it was stopped instead */
  async running(): Promise<void> {
    const state = await this.#until((s) => s === 'running' || s === 'stopped' || s === 'failed')
    if (state === 'failed') throw this.error
    if (state === 'stopped') throw new ClosedError(this.#resource.what)
  }

  /** Stops, and resolves when all is closed, also when it had failed. Idempotent. */
  async stop(): Promise<void> {
    this.#take('stop')
    await this.finished()
  }

  /** Tells that it has failed by itself: it closes and ends as `failed`. The first error is kept. */
  fail(error: unknown): void {
    this.#take('fail', error)
  }

  /** Resolves with the last state when it has ended. Never rejects. */
  finished(): Promise<LifecycleState> {
    return this.#until((s) => s === 'stopped' || s === 'failed')
  }

  /** @throws {ClosedError} `CLOSED` unless it runs */
  assertRunning(): void {
    if (this.#state !== 'running') throw new ClosedError(this.#resource.what)
  }

  #take(step: LifecycleStep, error?: unknown): void {
    this.#queue.push([step, error])
    if (this.#isTaking) return
    this.#isTaking = true
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) this.#step(...next)
    } finally {
      this.#isTaking = false
    }
  }

  /** A step that there is none of from here changes nothing: an ended one may be told to stop. */
  #step(step: LifecycleStep, error: unknown): void {
    const next = nextStep(this.#state, step, this.#failure !== undefined)
    if (next === undefined) return
    if (next.keepsError) this.#failure ??= { error }
    if (next.state !== undefined) this.#state = next.state
    this.#mirror?.take(step, error)
    if (next.state !== undefined) this.#enter(next.state)
  }

  #enter(state: LifecycleState): void {
    if (state !== 'running') this.#opening?.abort()
    if (state === 'starting') {
      const opening = new LazyAbort()
      this.#opening = opening
      this.#run(() => this.#resource.open(opening), 'opened', 'open_failed')
    }
    if (state === 'stopping') this.#run(() => this.#resource.close(), 'closed', 'close_failed')
    if (this.#opening !== undefined && state !== 'starting') this.#opening = undefined
    for (const listener of [...this.#listeners]) if (this.#listeners.has(listener)) listener(state)
  }

  #run(work: () => Promise<void>, done: LifecycleStep, failed: LifecycleStep): void {
    let working: Promise<void>
    try {
      working = work()
    } catch (error) {
      working = Promise.reject(error)
    }
    working.then(
      () => this.#take(done),
      (error: unknown) => this.#take(failed, error),
    )
  }

  #until(isIt: (state: LifecycleState) => boolean): Promise<LifecycleState> {
    const now = this.#state
    if (isIt(now)) return Promise.resolve(now)
    return new Promise((resolve) => {
      const end = this.subscribe((state) => {
        if (!isIt(state)) return
        end()
        resolve(state)
      })
    })
  }
}
