/**
 * A child's place under its supervisor: incarnation after incarnation starts in it and is stopped.
 */
import { type Clock, ClosedError, deferred, InvalidOptionsError, LazyAbort, type Logger } from '@troupe/core'
import type { ShutdownTime, Supervised } from '../actor/exit.js'
import { inPlace, type Place } from '../actor/place.js'
import { isOver, kill, type ShutdownTerms, shutDown } from './shut-down.js'
import type { CheckedChildSpec } from './supervisor.options.js'

export interface SlotTerms {
  readonly clock: Clock
  readonly log: Logger
  /** OTP has it in the spec: here it is seen when the child is there. */
  isSupervisor(child: Supervised): boolean
  /** Where the child of an id is in the tree. */
  placeOf(id: string): Place
}

/** What came of a start. */
export type StartOutcome =
  | { readonly type: 'started'; readonly child: Supervised }
  | { readonly type: 'ignored' }
  | { readonly type: 'failed'; readonly error: unknown }
  /** It took so long after it was told to stop that nobody waited for it. */
  | { readonly type: 'given_up' }

interface Attempt {
  readonly aborter: LazyAbort
  readonly over: Promise<void>
  isGivenUp: boolean
}

export class ChildSlot {
  readonly spec: CheckedChildSpec
  /** The incarnation that runs. */
  child: Supervised | undefined
  /** Whether its last incarnation was a supervisor. */
  isSupervisor = false
  readonly #terms: SlotTerms
  readonly #killer = new LazyAbort()
  #attempt: Attempt | undefined
  #timer: unknown
  #stopping: Promise<void> | undefined

  constructor(spec: CheckedChildSpec, terms: SlotTerms) {
    this.spec = spec
    this.#terms = terms
  }

  /** Starts an incarnation. Never rejects. */
  async start(restarts: number): Promise<StartOutcome> {
    const aborter = new LazyAbort()
    const over = deferred()
    const attempt: Attempt = { aborter, over: over.promise, isGivenUp: false }
    this.#attempt = attempt
    try {
      const place = this.#terms.placeOf(this.spec.id)
      const context = {
        get signal() {
          return aborter.signal
        },
        ...{ restarts, place },
      }
      const child = await inPlace(place, () => this.spec.start(context))
      if (child !== 'ignore') assertSupervised(child, this.spec.id)
      if (attempt.isGivenUp) {
        if (child !== 'ignore') await shutDown(child, 'brutal_kill', this.#shutdownTerms())
        return { type: 'given_up' }
      }
      if (child === 'ignore') return { type: 'ignored' }
      this.child = child
      this.isSupervisor = this.#terms.isSupervisor(child)
      return { type: 'started', child }
    } catch (error) {
      return attempt.isGivenUp ? { type: 'given_up' } : { type: 'failed', error }
    } finally {
      if (this.#attempt === attempt) this.#attempt = undefined
      over.resolve()
    }
  }

  /** Calls `due` after a delay, unless that is cancelled before. */
  wait(delayMs: number, due: () => void): void {
    this.cancel()
    this.#timer = this.#terms.clock.setTimeout(due, delayMs)
  }

  cancel(): void {
    this.#terms.clock.clearTimeout(this.#timer)
  }

  /** Tells the start that is under way that its child is not wanted any more. */
  abortStart(): void {
    this.#attempt?.aborter.abort(new ClosedError(`child ${this.spec.id}`))
  }

  /** Kills what is in it; from now on nothing in it has any more time to stop. */
  kill(): void {
    this.#killer.abort()
    this.abortStart()
    if (this.child !== undefined) kill(this.child, this.#terms.log)
  }

  /** Stops what is in it by the rules of its spec, and what still starts. Never rejects. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop().finally(() => {
      this.#stopping = undefined
    })
    return this.#stopping
  }

  async #stop(): Promise<void> {
    this.abortStart()
    const terms = this.#shutdownTerms()
    const attempt = this.#attempt
    if (attempt !== undefined && !(await isOver(attempt.over, this.#shutdownMs, terms))) {
      terms.log.error('child still starts, and is killed when it has')
      attempt.isGivenUp = true
      this.#attempt = undefined
    }
    if (this.child !== undefined) await shutDown(this.child, this.#shutdownMs, terms)
    this.child = undefined
  }

  get #shutdownMs(): ShutdownTime {
    if (this.#killer.isAborted) return 'brutal_kill'
    return this.spec.shutdownMs ?? (this.isSupervisor ? 'infinity' : 5_000)
  }

  /** With a logger of its own, which most children never need. */
  #shutdownTerms(): ShutdownTerms {
    const { clock, log } = this.#terms
    const { id } = this.spec
    let own: Logger | undefined
    return {
      clock,
      killed: this.#killer.signal,
      get log() {
        own ??= log.child({ child: id })
        return own
      },
    }
  }
}

function assertSupervised(child: Supervised | undefined, id: string): void {
  if (typeof child?.stop === 'function' && typeof child.exit?.then === 'function') return
  throw new InvalidOptionsError(`child ${id}`, [
    { path: 'start', message: "must resolve with something that has exit and stop, as an Actor, or with 'ignore'" },
  ])
}
