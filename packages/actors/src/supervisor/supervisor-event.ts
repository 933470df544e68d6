/**
 * What the engine of a supervisor is told.
 */
import type { Exit } from '../actor/exit.js'
import type { ChildRules } from './child-record.js'

/** Somebody wants a further child; `request` is answered once. */
export interface ChildAdded {
  readonly type: 'add'
  readonly id: string
  readonly rules: ChildRules
  readonly request: number
}

/** Somebody wants something of a child; `request` is answered once. OTP's calls of the same names, without `_child`. */
export interface ChildCommand {
  readonly type: 'terminate' | 'restart' | 'delete'
  readonly id: string
  readonly request: number
}

export interface ChildEnded {
  readonly type: 'ended'
  readonly id: string
  readonly exit: Exit
}

/** The delay before a restart is over. */
export interface RestartDue {
  readonly type: 'due'
  readonly id: string
}

/** What came of a start or a stop that the engine had asked for. */
export type ChildProgress =
  | { readonly type: 'started' | 'ignored' | 'has_stopped'; readonly id: string }
  | { readonly type: 'start_failed'; readonly id: string; readonly error: unknown }

/** What OTP's supervisor finds in its mailbox: one at a time, in the order of arrival. */
export type MailboxEvent = ChildAdded | ChildCommand | ChildEnded | RestartDue

export type SupervisorEvent =
  | MailboxEvent
  | ChildProgress
  /** The supervisor itself has started. */
  | { readonly type: 'opened' }
  /** All children are to stop. */
  | { readonly type: 'close' }
