/**
 * What the engine knows of a child, as OTP's record of the same name.
 */
import type { BackoffOptions } from '@troupe/core'
import type { z } from 'zod'
import type { Exit } from '../actor/exit.js'
import type { ChildPhase } from './child.machine.js'
import type { RestartType } from './strategy.js'
import type { ChildCommand, ChildEnded } from './supervisor-event.js'

/** What the engine has to know of a child's spec. */
export interface ChildRules {
  readonly restart: RestartType
  readonly significant: boolean
  readonly backoff: z.output<typeof BackoffOptions> | undefined
  readonly counts: (exit: Exit) => boolean
}

export class ChildRecord {
  readonly id: string
  readonly rules: ChildRules
  phase: ChildPhase = 'starting'
  /** How often its start was called. */
  starts = 0
  /** Whether its first start is not over: until then OTP does not know it. */
  isNew = true
  /** Restarts in a row, with no running in between that outlasted the period: what the backoff grows with. */
  streak = 0
  /** Restarts in a row of what ran for less than a millisecond. */
  rapid = 0
  /** Since when it runs. */
  sinceMs = 0
  /** Its end, while that waits for its turn. One that is stopped meanwhile has no end to be handled any more. */
  end: ChildEnded | undefined
  /** Why its restart failed, while that has not been counted: OTP counts it when it tries again. */
  uncounted: Exit | undefined
  /** Who waits for its start. */
  starter: number | undefined
  /** Who waits for its stop. */
  readonly stoppers: number[] = []
  /** What was asked of it while it stops. */
  readonly later: ChildCommand[] = []

  constructor(id: string, rules: ChildRules) {
    this.id = id
    this.rules = rules
  }

  /** How often it was started again, with the restart that it waits for. */
  get restarts(): number {
    return this.starts - (this.phase === 'waiting' ? 0 : 1)
  }

  /** Whether OTP would have a pid, or `restarting`, for it. */
  get isActive(): boolean {
    return this.phase !== 'stopping' && this.phase !== 'stopped'
  }
}
