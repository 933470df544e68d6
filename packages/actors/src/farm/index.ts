export type { Identity } from '@troupe/core'
export { InputChangedError, type Resumed } from './durable/durable-run.js'
export type { JournalOption } from './durable/farm-journal.js'
export { Farm } from './farm.js'
export {
  DrainOptions,
  FarmOptions,
  MapOptions,
  StreamOptions,
  SubmitOptions,
  SubscribeOptions,
  TransformOptions,
} from './farm.options.js'
export {
  InvalidInputError,
  InvalidOutputError,
  TaskDeadlineError,
  type TaskFacts,
  TaskFailedError,
  TaskPoisonedError,
  TaskTimeoutError,
  UnroutableError,
  WorkerLostError,
} from './farm-errors.js'
export type { FarmStats } from './farm-stats.js'
export type { Inputs } from './input-source.js'
export type {
  AcceptedEntry,
  DoneEntry,
  FailedEntry,
  Journal,
  JournalEntry,
  JournalReport,
  Ranges,
  RunIdentity,
  ScannedEntry,
  TakenEntry,
} from './journal/journal.js'
export {
  JournalFailedError,
  JournalInUseError,
  JournalMismatchError,
  JournalUnreadableError,
} from './journal/journal-errors.js'
export { LevelJournal } from './journal/level-journal.js'
export { LevelJournalOptions } from './journal/level-journal.options.js'
export { MemoryJournal } from './journal/memory-journal.js'
export { type RunSummary, summarizeRun } from './journal/run-summary.js'
export type { LatencyStats } from './latency.js'
export { chooseTask, loadTasks } from './load-tasks.js'
export type { MapResults, Settled } from './map-run.js'
export type { MeasuredStats } from './measures.js'
export type { WorkerState, WorkerStats } from './member.js'
export type { TaskStream } from './part-stream.js'
export type { Progress } from './progress.js'
export { FarmWorkers, type JoinedWorker } from './remote/farm-workers.js'
export { type JoinNotice, JoinOptions } from './remote/join.options.js'
export {
  isTask,
  type SetupContext,
  type StreamingTask,
  type StreamingTaskDefinition,
  type Task,
  type TaskContext,
  type TaskDefinition,
  type TaskTerms,
  task,
} from './task.js'
export type { UpdateFacts } from './update-calls.js'
