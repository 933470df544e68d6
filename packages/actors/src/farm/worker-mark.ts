/**
 * Marks a process as a farm's worker, so that a task file that starts a farm when it is imported is told so and cannot
 * recurse. The mark is this process's own: programs that a task starts may have farms of their own.
 */
import { TroupeError } from '@troupe/core'

const mark = Symbol.for('troupe.farm-worker')

export function enterWorker(): void {
  ;(globalThis as { [mark]?: true })[mark] = true
}

/** @throws {TroupeError} `FARM_IN_WORKER` */
export function assertNotInWorker(): void {
  if ((globalThis as { [mark]?: true })[mark] !== true) return
  throw new TroupeError(
    'FARM_IN_WORKER',
    'a farm was started inside its own worker: the workers import the task file, so keep tasks in a module of their own ' +
      'that starts nothing',
  )
}
