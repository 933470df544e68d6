/**
 * A failed try on its way from the worker to the farm, and the error that it becomes there.
 */
import { type ErrorData, errorFrom } from '@troupe/core'
import {
  InvalidInputError,
  InvalidOutputError,
  type TaskFacts,
  TaskFailedError,
  TaskTimeoutError,
} from './farm-errors.js'

/** Why a try failed. */
export type Failure =
  | { readonly kind: 'thrown'; readonly error: ErrorData }
  | { readonly kind: 'timeout'; readonly timeoutMs: number; readonly stuck: boolean }
  | { readonly kind: 'input' | 'output'; readonly why: string }
  | { readonly kind: 'cancelled' }

/** The error that a task's caller gets for its last failed try. */
export function failureError(failure: Exclude<Failure, { kind: 'cancelled' }>, facts: TaskFacts): Error {
  switch (failure.kind) {
    case 'thrown':
      return new TaskFailedError(facts, errorFrom(failure.error))
    case 'timeout':
      return new TaskTimeoutError(facts, failure.timeoutMs)
    case 'input':
      return new InvalidInputError(facts, failure.why)
    case 'output':
      return new InvalidOutputError(facts, failure.why)
  }
}
