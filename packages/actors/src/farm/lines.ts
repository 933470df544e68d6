/**
 * What a farm knows of each task that it was given.
 */
import { TroupeError } from '@troupe/core'
import { type CallTerms, callTerms, type Defaults } from './call-terms.js'
import type { CheckedFarmOptions } from './farm.options.js'
import { parse } from './fit.js'
import type { TaskLine } from './ledger.js'
import { Pace } from './pace.js'
import { Rate } from './rate.js'
import { isTask, type Task } from './task.js'

export interface Line extends TaskLine {
  readonly task: Task
  readonly defaults: Defaults
  /** Of calls without options. */
  readonly terms: CallTerms
  /** Workers have been there to tell that they have the task. */
  readonly isKnown: boolean
}

/** The versions of the tasks that the workers have, by name; undefined before the first has joined. */
type WorkersTasks = ReadonlyMap<string, string | undefined> | undefined

export class Lines {
  readonly #farm: CheckedFarmOptions
  /** The farm's own, of all tasks. */
  readonly #rates: readonly Rate[]
  readonly #lines = new Map<string, Line>()

  constructor(farm: CheckedFarmOptions) {
    this.#farm = farm
    this.#rates = farm.rate === undefined ? [] : [new Rate(farm.rate)]
  }

  /** The line of a task. @throws {TroupeError} `UNKNOWN_TASK`, `VERSION_MISMATCH` */
  of(task: Task, tasks: WorkersTasks): Line {
    const known = this.#lines.get(task?.name)
    if (known?.task === task && (known.isKnown || tasks === undefined)) return known
    if (!isTask(task))
      throw new TroupeError('UNKNOWN_TASK', 'what was given is no task: give what task({ ... }) returned')
    if (tasks !== undefined) assertHas(tasks, task)
    const line = this.#lineOf(task, known, tasks !== undefined)
    this.#lines.set(task.name, line)
    return line
  }

  #lineOf(task: Task, known: Line | undefined, isKnown: boolean): Line {
    const rate = known === undefined && task.rate !== undefined ? [new Rate(task.rate)] : []
    const rates = known?.defaults.rates ?? [...this.#rates, ...rate]
    const defaults = { task, farm: this.#farm, rates }
    return {
      ...{ name: task.name, task, defaults, terms: callTerms(defaults, {}), isKnown },
      pace: known?.pace ?? new Pace(),
      parseOutput: (value: unknown) => parse(task.output, value),
      keyOf: (input: unknown, number: number) => keyOf(task, input, number),
    }
  }
}

/** @throws {TroupeError} `UNKNOWN_TASK`, `VERSION_MISMATCH` */
function assertHas(tasks: ReadonlyMap<string, string | undefined>, { name, version }: Task): void {
  if (!tasks.has(name)) {
    const names = [...tasks.keys()].join(', ')
    throw new TroupeError('UNKNOWN_TASK', `the task file of the farm exports no task "${name}", but ${names}`)
  }
  if (tasks.get(name) === version) return
  const versions = `${version ?? 'none'} here, ${tasks.get(name) ?? 'none'} in the workers`
  throw new TroupeError('VERSION_MISMATCH', `task "${name}" has two versions: ${versions}`)
}

const keyOf = (task: Task, input: unknown, number: number): string => {
  try {
    return task.key === undefined ? `#${number}` : String(task.key(input))
  } catch {
    return `#${number}`
  }
}
