/**
 * Drives the lifecycle machine over a resource that opens and closes.
 */
import { type Actor, createActor, type InspectionEvent, type Subscription } from 'xstate'
import { ClosedError } from '../errors.js'
import { type LifecycleEvent, type LifecycleInput, lifecycleMachine } from './lifecycle.machine.js'

export type LifecycleState = 'idle' | 'starting' | 'running' | 'stopping' | 'stopped' | 'failed'

/** What a lifecycle opens and closes. */
export interface LifecycleResource extends LifecycleInput {
  /** Says what it is in errors, as `farm` or `push socket`. */
  readonly what: string
}

export class Lifecycle {
  readonly #actor: Actor<typeof lifecycleMachine>
  readonly #what: string

  constructor(resource: LifecycleResource) {
    this.#what = resource.what
    this.#actor = createActor(lifecycleMachine, { input: resource })
    this.#actor.start()
  }

  get state(): LifecycleState {
    return this.#actor.getSnapshot().value
  }

  /** What went wrong first, if anything did. */
  get error(): unknown {
    return this.#actor.getSnapshot().context.error
  }

  /** Calls `listener` with each state that is entered from now on; returns what ends it. */
  subscribe(listener: (state: LifecycleState) => void): () => void {
    let last = this.state
    const subscription = this.#actor.subscribe({
      next: ({ value }) => {
        if (value === last) return
        last = value
        listener(value)
      },
    })
    return () => subscription.unsubscribe()
  }

  /** Tells xstate's inspection events of its machine from now on. */
  inspect(observer: (event: InspectionEvent) => void): Subscription {
    return this.#actor.system.inspect(observer)
  }

  /** Starts, and resolves when it runs; rejects with what went wrong, after all is closed again. */
  start(): Promise<void> {
    this.#send({ type: 'start' })
    return this.running()
  }

  /** Resolves when it runs. @throws what it failed with; `CLOSED` when it was stopped instead */
  async running(): Promise<void> {
    const state = await this.#until((s) => s === 'running' || s === 'stopped' || s === 'failed')
    if (state === 'failed') throw this.error
    if (state === 'stopped') throw new ClosedError(this.#what)
  }

  /** Stops, and resolves when all is closed, also when it had failed. Idempotent. */
  async stop(): Promise<void> {
    this.#send({ type: 'stop' })
    await this.finished()
  }

  /** Tells that it has failed by itself: it closes and ends as `failed`. The first error is kept. */
  fail(error: unknown): void {
    this.#send({ type: 'fail', error })
  }

  /** Resolves with the last state when it has ended. Never rejects. */
  finished(): Promise<LifecycleState> {
    return this.#until((s) => s === 'stopped' || s === 'failed')
  }

  /** @throws {ClosedError} `CLOSED` unless it runs */
  assertRunning(): void {
    if (this.state !== 'running') throw new ClosedError(this.#what)
  }

  #send(event: LifecycleEvent): void {
    // An ended machine takes no events; to say it again is not an error.
    if (this.#actor.getSnapshot().status === 'active') this.#actor.send(event)
  }

  #until(isIt: (state: LifecycleState) => boolean): Promise<LifecycleState> {
    const now = this.state
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
