/**
 * What can go wrong with a task, as typed errors that name the task, its input's key and the try.
 */
import { TroupeError, type TroupeErrorCode } from '@troupe/core'

/** Which task, which input, which try. */
export interface TaskFacts {
  readonly task: string
  readonly key: string
  /** Which try it was, from 1. */
  readonly attempt: number
}

const named = ({ task, key }: TaskFacts) => `task "${task}" of input ${key}`

abstract class FarmTaskError extends TroupeError implements TaskFacts {
  readonly task: string
  readonly key: string
  readonly attempt: number

  constructor(code: TroupeErrorCode, message: string, facts: TaskFacts, cause?: unknown) {
    super(code, message, cause === undefined ? {} : { cause })
    this.task = facts.task
    this.key = facts.key
    this.attempt = facts.attempt
  }
}

/** The task threw in its last try. `cause` is the worker's error, with its stack. */
export class TaskFailedError extends FarmTaskError {
  override readonly name = 'TaskFailedError'

  constructor(facts: TaskFacts, cause: Error) {
    super('TASK_FAILED', `${named(facts)} failed in try ${facts.attempt}: ${cause.message}`, facts, cause)
  }
}

/** The task killed its worker too often while it was alone on it, and is given up. */
export class TaskPoisonedError extends FarmTaskError {
  override readonly name = 'TaskPoisonedError'
  /** How many workers it took with it. */
  readonly deaths: number

  constructor(facts: TaskFacts, deaths: number, cause: Error) {
    super('TASK_POISONED', `${named(facts)} killed its worker ${deaths} times: ${cause.message}`, facts, cause)
    this.deaths = deaths
  }
}

/** A try of the task took longer than its limit. */
export class TaskTimeoutError extends FarmTaskError {
  override readonly name = 'TaskTimeoutError'
  readonly timeoutMs: number

  constructor(facts: TaskFacts, timeoutMs: number) {
    super('TIMEOUT', `${named(facts)} took longer than ${timeoutMs} ms in try ${facts.attempt}`, facts)
    this.timeoutMs = timeoutMs
  }
}

/** The task was not done within its `deadlineMs`, of all its tries and the time that it waited. */
export class TaskDeadlineError extends FarmTaskError {
  override readonly name = 'TaskDeadlineError'
  readonly deadlineMs: number

  constructor(facts: TaskFacts, deadlineMs: number) {
    super('TIMEOUT', `${named(facts)} was not done within ${deadlineMs} ms, after ${facts.attempt} tries`, facts)
    this.deadlineMs = deadlineMs
  }
}

/** The worker that held the task died, and the farm was told not to run it again (`onWorkerLost: 'fail'`). */
export class WorkerLostError extends FarmTaskError {
  override readonly name = 'WorkerLostError'

  constructor(facts: TaskFacts, cause: Error) {
    super('WORKER_LOST', `${named(facts)} was lost with its worker: ${cause.message}`, facts, cause)
  }
}

/** The input does not fit the task's schema, or cannot be encoded. */
export class InvalidInputError extends FarmTaskError {
  override readonly name = 'InvalidInputError'

  constructor(facts: TaskFacts, why: string, cause?: unknown) {
    super('INVALID_INPUT', `${named(facts)}: the input ${why}`, facts, cause)
  }
}

/** What the task returned does not fit its own schema, or cannot be encoded: the task's fault. */
export class InvalidOutputError extends FarmTaskError {
  override readonly name = 'InvalidOutputError'

  constructor(facts: TaskFacts, why: string, cause?: unknown) {
    super('INVALID_OUTPUT', `${named(facts)} returned what ${why}: this is the task's fault`, facts, cause)
  }
}

/** No worker that the farm has or may have has all the tags that the task asks for. */
export class UnroutableError extends FarmTaskError {
  override readonly name = 'UnroutableError'
  /** What it asks for. */
  readonly tags: readonly string[]

  /** `routes` are the tags of each kind of worker. */
  constructor(facts: TaskFacts, tags: readonly string[], routes: readonly ReadonlySet<string>[]) {
    const kinds = new Set(routes.map((route) => (route.size === 0 ? 'no tags' : [...route].sort().join(' + '))))
    super(
      'UNROUTABLE',
      `${named(facts)} asks for a worker with ${tags.join(' + ')}; there are: ${[...kinds].join(', ')}`,
      facts,
    )
    this.tags = tags
  }
}
