/**
 * `FILE[#task]`: finds the file, imports it and chooses the task.
 */
import { fileURLToPath } from 'node:url'
import { chooseTask, loadTasks, type Task } from '@troupe/actors/farm'
import { TroupeError } from '@troupe/core'
import { isFile, readySource, type SourceFile } from './source-file.js'

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
export async function openTaskFile(argument: string): Promise<ChosenTask> {
  const { path, name } = await findFile(argument)
  const { url, execArgv } = await readySource(path)
  return { task: choose(await loadTasks(url), name, fileURLToPath(url)), url, execArgv }
}

/**
 * Finds a file of tasks, all of which are meant, and looks at it.
 * @throws {TroupeError} `MODULE_NOT_FOUND`, `MODULE_FAILED`, `UNKNOWN_TASK` when it exports none
 */
export async function openSource(path: string): Promise<SourceFile> {
  if (!(await isFile(path))) throw new TroupeError('MODULE_NOT_FOUND', `there is no task file ${path}`)
  const source = await readySource(path)
  await loadTasks(source.url)
  return source
}

// A # may be part of the file's name, so the whole is tried first.
async function findFile(argument: string): Promise<{ path: string; name: string | undefined }> {
  if (await isFile(argument)) return { path: argument, name: undefined }
  const at = argument.lastIndexOf('#')
  const file = at === -1 ? argument : argument.slice(0, at)
  if (at !== -1 && (await isFile(file))) return { path: file, name: argument.slice(at + 1) || undefined }
  throw new TroupeError('MODULE_NOT_FOUND', `there is no task file ${file === '' ? argument : file}`)
}

function choose(tasks: ReadonlyMap<string, Task>, name: string | undefined, file: string): Task {
  try {
    return chooseTask(tasks, name)
  } catch (error) {
    const { code, message } = error as TroupeError
    const [first] = tasks.keys()
    throw new TroupeError(code, `${file}: ${message}${code === 'AMBIGUOUS_TASK' ? `, as in ${file}#${first}` : ''}`)
  }
}
