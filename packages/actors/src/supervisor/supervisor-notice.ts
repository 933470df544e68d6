/**
 * What a supervisor tells those who listen.
 */
import type { Exit, Supervised } from '../actor/exit.js'
import type { RestartIntensityError } from './restart-intensity-error.js'

/** What {@link Supervisor.subscribe} tells. */
export type SupervisorNotice =
  | { readonly type: 'started'; readonly id: string; readonly child: Supervised }
  | { readonly type: 'exited'; readonly id: string; readonly exit: Exit }
  | { readonly type: 'restarting'; readonly id: string; readonly delayMs: number }
  | { readonly type: 'gave_up'; readonly id: string; readonly error: RestartIntensityError }
  /** It stops by itself: a significant child has ended, or the last of them has. */
  | { readonly type: 'auto_shutdown'; readonly id: string }
