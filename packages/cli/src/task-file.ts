/**
 * `FILE[#task]`: finds the file, imports it and chooses the task.
 */
import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { loadTasks, type Task } from '@troupe/actors/farm'
import { TroupeError } from '@troupe/core'

/** A task, where its workers find it, and the Node flags that they need. */
export interface ChosenTask {
  readonly task: Task
  readonly url: URL
  readonly execArgv: readonly string[]
}

/**
 * Imports the task file that `argument` names and chooses the task.
 * @throws {TroupeError} `MODULE_NOT_FOUND`, `MODULE_FAILED`, `UNKNOWN_TASK`, or `AMBIGUOUS_TASK` when the file exports
 *   more tasks than one and `argument` names none
 */
export async function chooseTask(argument: string): Promise<ChosenTask> {
  const { path, name } = await findFile(argument)
  const url = pathToFileURL(path)
  const execArgv = [...process.execArgv, ...(isTypeScript(path) ? await enableTypeScript() : [])]
  return { task: choose(await loadTasks(url), name, argument), url, execArgv }
}

const isTypeScript = (path: string): boolean => /\.[cm]?tsx?$/.test(path)

// Imported only when it is wanted: it brings a compiler along.
async function enableTypeScript(): Promise<string[]> {
  return (await import('./typescript.js')).enableTypeScript()
}

// A # may be part of the file's name, so the whole is tried first.
async function findFile(argument: string): Promise<{ path: string; name: string | undefined }> {
  if (await isFile(argument)) return { path: resolve(argument), name: undefined }
  const at = argument.lastIndexOf('#')
  const file = at === -1 ? argument : argument.slice(0, at)
  if (at !== -1 && (await isFile(file))) return { path: resolve(file), name: argument.slice(at + 1) }
  throw new TroupeError('MODULE_NOT_FOUND', `there is no task file ${file === '' ? argument : file}`)
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  )
}

function choose(tasks: ReadonlyMap<string, Task>, name: string | undefined, argument: string): Task {
  const names = [...tasks.keys()].join(', ')
  if (name !== undefined && name !== '') {
    const task = tasks.get(name)
    if (task !== undefined) return task
    throw new TroupeError('UNKNOWN_TASK', `${argument}: the file exports no task "${name}"; it exports ${names}`)
  }
  const [only, ...others] = tasks.values()
  if (only !== undefined && others.length === 0) return only
  throw new TroupeError(
    'AMBIGUOUS_TASK',
    `${argument} exports ${tasks.size} tasks: choose one of ${names} with FILE#task`,
  )
}
