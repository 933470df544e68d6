/**
 * Keeps the children of a supervisor: does what the engine says, and tells it what comes of that.
 */
import { type Clock, deferred, errorData, type Logger } from '@troupe/core'
import { asFailure, type Exit, type Supervised } from '../actor/exit.js'
import type { Place } from '../actor/place.js'
import type { ChildPhase } from './child.machine.js'
import { ChildSlot } from './child-slot.js'
import type { ChildTransition } from './child-table.js'
import { refusalError } from './refusal.js'
import { Requests } from './requests.js'
import { RestartIntensityError } from './restart-intensity-error.js'
import type { CheckedChildSpec } from './supervisor.options.js'
import type { SupervisorEffect } from './supervisor-effect.js'
import { SupervisorEngine } from './supervisor-engine.js'
import type { ChildCommand, SupervisorEvent } from './supervisor-event.js'
import type { SupervisorNotice } from './supervisor-notice.js'
import type { SupervisorRules } from './supervisor-rules.js'

/** A child as a supervisor lists it. */
export interface ChildInfo {
  readonly id: string
  readonly phase: ChildPhase
  /** How often it was started again. */
  readonly restarts: number
  /** While it runs. */
  readonly child: Supervised | undefined
}

export interface KeeperTerms {
  readonly supervisor: string
  readonly rules: SupervisorRules
  /** Of children that have none of their own. */
  readonly backoff: CheckedChildSpec['backoff']
  readonly clock: Clock
  readonly random: () => number
  readonly log: Logger
  isSupervisor(child: Supervised): boolean
  placeOf(id: string): Place
  notify(notice: SupervisorNotice): void
  /** A child has taken a step from phase to phase. */
  stepped(transition: ChildTransition): void
  /** There were too many restarts. */
  gaveUp(error: RestartIntensityError): void
  /** The supervisor is to stop by itself. */
  shutDown(): void
}

export class ChildKeeper {
  readonly #terms: KeeperTerms
  readonly #engine: SupervisorEngine
  readonly #slots = new Map<string, ChildSlot>()
  readonly #requests = new Requests()
  readonly #events: SupervisorEvent[] = []
  readonly #allStopped = deferred()
  #isTelling = false

  constructor(terms: KeeperTerms) {
    this.#terms = terms
    this.#engine = new SupervisorEngine(terms.rules, terms.stepped)
  }

  /** All, in the order of their first start. */
  *all(): IterableIterator<ChildInfo & { readonly isSupervisor: boolean }> {
    for (const { id, phase, restarts } of this.#engine.children.values()) {
      const { child, isSupervisor = false } = this.#slots.get(id) ?? {}
      yield { id, phase, restarts, child, isSupervisor }
    }
  }

  /** The child of an id, as far as it has come. */
  at(id: string): { readonly phase: ChildPhase; readonly child: Supervised | undefined } | undefined {
    const phase = this.#engine.children.get(id)?.phase
    return phase && { phase, child: this.#slots.get(id)?.child }
  }

  /** From now on ends are handled: while the supervisor starts, they wait. */
  open(): void {
    this.#tell({ type: 'opened' })
  }

  add(spec: CheckedChildSpec): Promise<Supervised | undefined> {
    const { id, restart, significant, counts, backoff = this.#terms.backoff } = spec
    const rules = { restart, significant, backoff, counts: (exit: Exit) => this.#isCounted(counts, exit) }
    return this.#requests.make((request) => this.#tell({ type: 'add', id, rules, request }), spec)
  }

  command(type: ChildCommand['type'], id: string): Promise<Supervised | undefined> {
    return this.#requests.make((request) => this.#tell({ type, id, request }))
  }

  /** Stops all in reverse, one after the other. Nothing is started any more. */
  async close(): Promise<void> {
    // No start is wanted any more, whenever its turn to stop comes.
    for (const slot of this.#slots.values()) slot.abortStart()
    this.#tell({ type: 'close' })
    await this.#allStopped.promise
  }

  kill(): void {
    for (const slot of this.#slots.values()) slot.kill()
  }

  /** Events are taken one after the other, each with its effects: a listener may call for more. */
  #tell(event: SupervisorEvent): void {
    this.#events.push(event)
    if (this.#isTelling) return
    this.#isTelling = true
    const { clock, random } = this.#terms
    try {
      for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
        for (const effect of this.#engine.take(next, { nowMs: clock.now(), random })) this.#do(effect)
      }
    } finally {
      this.#isTelling = false
    }
  }

  #do(effect: SupervisorEffect): void {
    const { log, notify, shutDown } = this.#terms
    switch (effect.type) {
      case 'done':
        return this.#requests.resolve(effect.request, this.#slots.get(effect.id)?.child)
      case 'refused':
        return this.#requests.reject(effect.request, refusalError(this.#terms.supervisor, effect.refusal))
      case 'failed':
        return this.#requests.reject(effect.request, effect.error)
      case 'stop_all':
        return void this.#stopAll(effect.ids)
      case 'restarting':
        return notify(effect)
      case 'restart_failed':
        return log.warn({ child: effect.id, err: errorData(effect.error) }, 'child could not be restarted')
      case 'shut_down':
        notify({ type: 'auto_shutdown', id: effect.id })
        return shutDown()
      case 'give_up':
        return this.#giveUp(effect.id, effect.count, effect.exit)
      default:
        return this.#doInSlot(effect)
    }
  }

  #doInSlot(effect: Extract<SupervisorEffect, { type: SlotEffect }>): void {
    const { type, id } = effect
    if (type === 'added') return this.#makeSlot(id, effect.request)
    const slot = this.#slots.get(id)
    if (slot === undefined) return
    switch (type) {
      case 'start':
        return void this.#start(slot, effect.restarts)
      case 'started':
        // It may have been left alone by now, with a listener's stop.
        return slot.child && this.#terms.notify({ type, id, child: slot.child })
      case 'stop':
        return void this.#stop(id)
      case 'wait':
        return slot.wait(effect.delayMs, () => this.#tell({ type: 'due', id }))
      case 'cancel':
        return slot.cancel()
      case 'forget':
        return void this.#slots.delete(id)
    }
  }

  #makeSlot(id: string, request: number): void {
    const spec = this.#requests.specOf(request)
    if (spec !== undefined) this.#slots.set(id, new ChildSlot(spec, this.#terms))
  }

  #giveUp(id: string, count: number, exit: Exit): void {
    const { supervisor, rules, notify, gaveUp } = this.#terms
    const error = new RestartIntensityError(supervisor, id, count, rules.periodMs, exit)
    notify({ type: 'gave_up', id, error })
    gaveUp(error)
  }

  /** Starts a child's next incarnation and watches it. */
  async #start(slot: ChildSlot, restarts: number): Promise<void> {
    const { id } = slot.spec
    const outcome = await slot.start(restarts)
    const phase = this.#phaseOf(slot)
    if (outcome.type === 'given_up' || phase === undefined) return
    if (outcome.type === 'failed') return this.#tell({ type: 'start_failed', id, error: outcome.error })
    // What is stopped meanwhile has not started.
    if (phase !== 'starting') return
    this.#tell({ type: outcome.type, id })
    if (outcome.type === 'ignored') return
    const { child } = outcome
    child.exit.then(
      (exit) => this.#ended(slot, child, exit),
      // Against its word; it has ended all the same.
      (error: unknown) => this.#ended(slot, child, { reason: 'failed', error: asFailure(id, error) }),
    )
  }

  #ended(slot: ChildSlot, child: Supervised, exit: Exit): void {
    const { id } = slot.spec
    this.#terms.notify({ type: 'exited', id, exit })
    if (slot.child !== child) return
    slot.child = undefined
    if (this.#phaseOf(slot) !== 'running') return
    const isFailure = exit.reason === 'failed'
    const facts = { child: id, reason: exit.reason, ...(isFailure && { err: errorData(exit.error) }) }
    this.#terms.log[isFailure || exit.reason === 'killed' ? 'warn' : 'info'](facts, 'child ended')
    this.#tell({ type: 'ended', id, exit })
  }

  async #stopAll(ids: readonly string[]): Promise<void> {
    for (const id of ids) await this.#stop(id)
    this.#allStopped.resolve()
  }

  async #stop(id: string): Promise<void> {
    await this.#slots.get(id)?.stop()
    this.#tell({ type: 'has_stopped', id })
  }

  /** The phase of the child in this slot; undefined when it was forgotten, and its id is perhaps another's. */
  #phaseOf(slot: ChildSlot): ChildPhase | undefined {
    const { id } = slot.spec
    return this.#slots.get(id) === slot ? this.#engine.children.get(id)?.phase : undefined
  }

  /** A child's own rule, which must not be the end of its supervisor: an exit that it cannot judge counts. */
  #isCounted(counts: CheckedChildSpec['counts'], exit: Exit): boolean {
    try {
      return counts(exit)
    } catch (error) {
      this.#terms.log.error({ err: errorData(error) }, 'counts of a child failed')
      return true
    }
  }
}

type SlotEffect = 'added' | 'start' | 'started' | 'stop' | 'wait' | 'cancel' | 'forget'
