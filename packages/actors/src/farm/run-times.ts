/**
 * How long the tries of a worker run, gathered until its next results. Of short tasks a sample is measured.
 */
import { weightAt } from './measures.js'
import type { Run } from './run.js'
import type { ResultsBody } from './wire.js'

export class RunTimes {
  /** What a try of a task has taken of late, by its name. */
  readonly #costsMs = new Map<string, number>()
  #gathered = new Map<number, number[]>()

  /** Of how many tries of a task one is measured. */
  weightOf(task: string): number {
    return weightAt(this.#costsMs.get(task))
  }

  /** A try that is measured has ended. */
  ended({ startedMs = 0, group: { task, weight } }: Run): void {
    const ms = performance.now() - startedMs
    const costMs = this.#costsMs.get(task.name) ?? ms
    this.#costsMs.set(task.name, costMs * 0.8 + ms * 0.2)
    const times = this.#gathered.get(weight)
    if (times === undefined) this.#gathered.set(weight, [ms])
    else times.push(ms)
  }

  /** What was measured since it was last taken, if anything. */
  take(): ResultsBody['runMs'] {
    if (this.#gathered.size === 0) return undefined
    const runMs = [...this.#gathered]
    this.#gathered = new Map()
    return runMs
  }
}
