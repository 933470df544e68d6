export { Farm, type FarmStats } from './farm.js'
export { FarmOptions, MapOptions, SubmitOptions } from './farm.options.js'
export {
  InvalidInputError,
  InvalidOutputError,
  type TaskFacts,
  TaskFailedError,
  TaskPoisonedError,
  TaskTimeoutError,
  WorkerLostError,
} from './farm-errors.js'
export { chooseTask, loadTasks } from './load-tasks.js'
export type { Settled } from './map-run.js'
export { isTask, type Task, type TaskContext, type TaskDefinition, task } from './task.js'
export type { WorkerStats } from './worker-pool.js'
