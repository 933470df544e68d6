/**
 * Reads the tasks of a task file.
 */
import { TroupeError } from '@troupe/core'
import { loadModule, moduleUrl } from '../actor/load-export.js'
import { isTask, type Task } from './task.js'

/**
 * Imports a task file and gives the tasks that it exports, by name, in the order of their exports.
 * @throws {TroupeError} `MODULE_NOT_FOUND`, `MODULE_FAILED`; `UNKNOWN_TASK` when it exports none; `AMBIGUOUS_TASK` when two
 * have one name
 */
export async function loadTasks(module: URL | string): Promise<ReadonlyMap<string, Task>> {
  const url = moduleUrl(module)
  const tasks = new Map<string, Task>()
  for (const value of exportsOf(await loadModule(url))) {
    if (!isTask(value)) continue
    if (tasks.get(value.name) !== undefined && tasks.get(value.name) !== value) {
      throw new TroupeError('AMBIGUOUS_TASK', `${url.href} exports two tasks with the name "${value.name}"`)
    }
    tasks.set(value.name, value)
  }
  if (tasks.size > 0) return tasks
  throw new TroupeError('UNKNOWN_TASK', `${url.href} exports no task: export what task({ ... }) returns`)
}

/**
 * The task of a name or, without one, the only one that there is.
 * @throws {TroupeError} `UNKNOWN_TASK`; `AMBIGUOUS_TASK` when there are several and none was named
 */
export function chooseTask(tasks: ReadonlyMap<string, Task>, name?: string): Task {
  const names = [...tasks.keys()].join(', ')
  if (name !== undefined) {
    const named = tasks.get(name)
    if (named !== undefined) return named
    throw new TroupeError('UNKNOWN_TASK', `there is no task "${name}", but ${names}`)
  }
  const [only] = tasks.values()
  if (only !== undefined && tasks.size === 1) return only
  throw new TroupeError('AMBIGUOUS_TASK', `there are ${tasks.size} tasks, so one must be named: ${names}`)
}

/** What a module exports. All that a CommonJS module exports is its default export, and only maybe more than that. */
function exportsOf(module: Readonly<Record<string, unknown>>): unknown[] {
  const { default: whole } = module
  const within = typeof whole === 'object' && whole !== null && !isTask(whole) ? Object.values(whole) : []
  return [...Object.values(module), ...within]
}
