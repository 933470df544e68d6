/**
 * A child's place under its supervisor: incarnation after incarnation starts in it, until it is given up.
 */
import { type Clock, ClosedError, deferred, InvalidOptionsError, type Logger } from '@troupe/core'
import type { ShutdownTime, Supervised } from '../actor/exit.js'
import { isOver, kill, type ShutdownTerms, shutDown } from './shut-down.js'
import type { CheckedChildSpec } from './supervisor.options.js'

export class ChildSlot {
  readonly spec: CheckedChildSpec
  /** The incarnation that runs. */
  child: Supervised | undefined
  readonly #killer = new AbortController()
  readonly #terms: ShutdownTerms
  #start: { readonly aborter: AbortController; readonly over: Promise<void> } | undefined
  #timer: unknown
  #removal: Promise<void> | undefined
  #use: 'kept' | 'given up' = 'kept'

  constructor(spec: CheckedChildSpec, { clock, log }: { readonly clock: Clock; readonly log: Logger }) {
    this.spec = spec
    this.#terms = { clock, log: log.child({ child: spec.id }), killed: this.#killer.signal }
  }

  /** Resolves when it is given up, if that has begun. */
  get removal(): Promise<void> | undefined {
    return this.#removal
  }

  /**
   * Starts an incarnation.
   * @throws {TroupeError} what the start rejects with; `CLOSED` when the place was given up meanwhile
   */
  async start(restarts: number): Promise<Supervised> {
    const aborter = new AbortController()
    const over = deferred()
    this.#start = { aborter, over: over.promise }
    try {
      const child = await this.spec.start({ signal: aborter.signal, restarts })
      assertSupervised(child, this.spec.id)
      if (this.#use === 'given up') {
        await shutDown(child, 'brutal_kill', this.#terms)
        throw new ClosedError(`child ${this.spec.id}`)
      }
      this.child = child
      return child
    } finally {
      this.#start = undefined
      over.resolve()
    }
  }

  /** Calls `due` after a delay, unless it is given up before. */
  wait(delayMs: number, due: () => void): void {
    this.#timer = this.#terms.clock.setTimeout(due, delayMs)
  }

  /** Tells the start that is under way that its child is not wanted any more. */
  abortStart(): void {
    this.#start?.aborter.abort(new ClosedError(`child ${this.spec.id}`))
  }

  /** Kills what is in it; what still starts is killed when it has, once it is given up. */
  kill(): void {
    this.#killer.abort()
    this.abortStart()
    if (this.child !== undefined) kill(this.child, this.#terms.log)
  }

  /** Gives it up: stops what is in it by the rules of its spec, then calls `removed`. Once. */
  remove(removed: () => void): void {
    this.#removal ??= this.#remove().then(removed)
  }

  async #remove(): Promise<void> {
    const { clock, log } = this.#terms
    clock.clearTimeout(this.#timer)
    this.abortStart()
    if (this.#start !== undefined && !(await isOver(this.#start.over, this.#shutdownMs, this.#terms))) {
      log.error('child still starts, and is killed when it has')
    }
    this.#use = 'given up'
    if (this.child !== undefined) await shutDown(this.child, this.#shutdownMs, this.#terms)
    this.child = undefined
  }

  get #shutdownMs(): ShutdownTime {
    return this.#killer.signal.aborted ? 'brutal_kill' : this.spec.shutdownMs
  }
}

function assertSupervised(child: Supervised | undefined, id: string): void {
  if (typeof child?.stop === 'function' && typeof child.exit?.then === 'function') return
  throw new InvalidOptionsError(`child ${id}`, [
    { path: 'start', message: 'must resolve with something that has exit and stop, as an Actor' },
  ])
}
