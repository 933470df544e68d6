/**
 * The children of a supervisor, by id and in the order of their first start. Nothing here costs more with more children.
 */
import { type ChildStep, nextPhase } from './child.machine.js'
import { ChildRecord, type ChildRules } from './child-record.js'

export class ChildTable {
  readonly #byId = new Map<string, ChildRecord>()
  #activeSignificant = 0

  get all(): ReadonlyMap<string, ChildRecord> {
    return this.#byId
  }

  /** Whether a significant child runs, or is about to. */
  get hasActiveSignificant(): boolean {
    return this.#activeSignificant > 0
  }

  add(id: string, rules: ChildRules): ChildRecord {
    const child = new ChildRecord(id, rules)
    this.#byId.set(id, child)
    if (rules.significant) this.#activeSignificant++
    return child
  }

  /** Takes a child a step on; says whether there is such a step from where it is. */
  step(child: ChildRecord, step: ChildStep): boolean {
    const phase = nextPhase(child.phase, step)
    if (phase === undefined) return false
    const wasActive = child.isActive
    child.phase = phase
    child.end = undefined
    if (child.rules.significant) this.#activeSignificant += Number(child.isActive) - Number(wasActive)
    return true
  }

  delete(child: ChildRecord): void {
    this.#byId.delete(child.id)
  }
}
