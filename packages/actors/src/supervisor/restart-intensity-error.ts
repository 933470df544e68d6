/**
 * The end of a supervisor that gave up.
 */
import { TroupeError } from '@troupe/core'
import type { Exit } from '../actor/exit.js'

/** Too many restarts in too short a time. `cause` is why the last child ended. */
export class RestartIntensityError extends TroupeError {
  override readonly name = 'RestartIntensityError'
  readonly child: string
  readonly restarts: number
  readonly periodMs: number

  constructor(supervisor: string, child: string, restarts: number, periodMs: number, exit: Exit) {
    const last = exit.reason === 'failed' ? exit.error.message : exit.reason
    super(
      'RESTART_INTENSITY',
      `${supervisor} gave up: ${restarts} restarts within ${periodMs} ms are too many; the last child to end was ${child}: ${last}`,
      exit.reason === 'failed' ? { cause: exit.error } : {},
    )
    this.child = child
    this.restarts = restarts
    this.periodMs = periodMs
  }
}
