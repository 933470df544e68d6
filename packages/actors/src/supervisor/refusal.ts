/**
 * What a supervisor does not do, and why.
 */
import { ClosedError, TroupeError } from '@troupe/core'
import type { ChildPhase } from './child.machine.js'

export type Refusal =
  | {
      readonly code: 'CHILD_EXISTS' | 'CHILD_RUNNING' | 'CHILD_RESTARTING'
      readonly id: string
      readonly phase: ChildPhase
    }
  | { readonly code: 'UNKNOWN_CHILD'; readonly id: string }
  /** Without an id the supervisor itself is closed. */
  | { readonly code: 'CLOSED'; readonly id?: string }

const IS: Readonly<Record<ChildPhase, string>> = {
  starting: 'starts',
  running: 'runs',
  waiting: 'waits for its restart',
  stopping: 'stops',
  stopped: 'is stopped',
}

/** The error of a refusal. */
export function refusalError(supervisor: string, refusal: Refusal): TroupeError {
  const { code } = refusal
  switch (code) {
    case 'CLOSED':
      return new ClosedError(refusal.id === undefined ? supervisor : `child ${refusal.id} of ${supervisor}`)
    case 'UNKNOWN_CHILD':
      return new TroupeError(code, `${supervisor} has no child with the id ${refusal.id}`)
    case 'CHILD_EXISTS':
      return new TroupeError(code, `${supervisor} has a child with the id ${refusal.id}, which ${IS[refusal.phase]}`)
    case 'CHILD_RUNNING':
    case 'CHILD_RESTARTING':
      return new TroupeError(code, `child ${refusal.id} of ${supervisor} ${IS[refusal.phase]}: stop it first`)
  }
}
