/**
 * The children of a supervisor, by id and in the order of their first start, and the steps that they take. Nothing here
 * costs more with more children.
 */
import { type ChildPhase, type ChildStep, nextPhase } from './child.machine.js'
import { ChildRecord, type ChildRules } from './child-record.js'
import type { SupervisorEffect } from './supervisor-effect.js'

/** A child has taken a step. */
export interface ChildTransition {
  readonly id: string
  readonly from: ChildPhase
  readonly to: ChildPhase
  readonly event: ChildStep
}

export class ChildTable {
  readonly #do: (effect: SupervisorEffect) => void
  readonly #stepped: ((transition: ChildTransition) => void) | undefined
  readonly #byId = new Map<string, ChildRecord>()
  #activeSignificant = 0

  constructor(act: (effect: SupervisorEffect) => void, stepped?: (transition: ChildTransition) => void) {
    this.#do = act
    this.#stepped = stepped
  }

  get all(): ReadonlyMap<string, ChildRecord> {
    return this.#byId
  }

  /** Whether a significant child runs, or is about to. */
  get hasActiveSignificant(): boolean {
    return this.#activeSignificant > 0
  }

  /** Starts a child for the first time. */
  add(id: string, rules: ChildRules, request: number): ChildRecord {
    const child = new ChildRecord(id, rules)
    child.starter = request
    this.#byId.set(id, child)
    if (rules.significant) this.#activeSignificant++
    this.#do({ type: 'added', id, request })
    this.#callStart(child)
    return child
  }

  start(child: ChildRecord): void {
    if (this.step(child, 'start')) this.#callStart(child)
  }

  stop(child: ChildRecord): void {
    if (this.step(child, 'stop')) this.#do({ type: 'stop', id: child.id })
  }

  /** One that waits for its restart has nothing to stop. */
  stopWaiting(child: ChildRecord): void {
    if (child.phase !== 'waiting') return
    this.step(child, 'stop')
    child.uncounted = undefined
    this.#do({ type: 'cancel', id: child.id })
  }

  forget(child: ChildRecord): void {
    this.#byId.delete(child.id)
    this.#do({ type: 'forget', id: child.id })
  }

  forgetTemporary(child: ChildRecord): void {
    if (child.rules.restart === 'temporary') this.forget(child)
  }

  /** Takes a child a step on; says whether there is such a step from where it is. */
  step(child: ChildRecord, step: ChildStep): boolean {
    const phase = nextPhase(child.phase, step)
    if (phase === undefined) return false
    const wasActive = child.isActive
    const from = child.phase
    child.phase = phase
    child.end = undefined
    if (child.rules.significant) this.#activeSignificant += Number(child.isActive) - Number(wasActive)
    this.#stepped?.({ id: child.id, from, to: phase, event: step })
    return true
  }

  #callStart(child: ChildRecord): void {
    child.starts++
    this.#do({ type: 'start', id: child.id, restarts: child.restarts })
  }
}
