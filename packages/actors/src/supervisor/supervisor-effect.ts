/**
 * What the engine of a supervisor wants done.
 */
import type { Exit } from '../actor/exit.js'
import type { Refusal } from './refusal.js'

export type SupervisorEffect =
  /** A child has its place, which the spec of the request fills. */
  | { readonly type: 'added'; readonly id: string; readonly request: number }
  | { readonly type: 'start'; readonly id: string; readonly restarts: number }
  /** Worth telling: it runs. */
  | { readonly type: 'started'; readonly id: string }
  | { readonly type: 'stop'; readonly id: string }
  /** Say `due` after the delay. */
  | { readonly type: 'wait'; readonly id: string; readonly delayMs: number }
  /** Do not say it. */
  | { readonly type: 'cancel'; readonly id: string }
  | { readonly type: 'forget'; readonly id: string }
  /** Worth telling: a child is to be restarted. */
  | { readonly type: 'restarting'; readonly id: string; readonly delayMs: number }
  /** Worth telling: a restart has failed and is tried again. */
  | { readonly type: 'restart_failed'; readonly id: string; readonly error: unknown }
  | { readonly type: 'done'; readonly id: string; readonly request: number }
  | { readonly type: 'refused'; readonly request: number; readonly refusal: Refusal }
  | { readonly type: 'failed'; readonly request: number; readonly error: unknown }
  /** Too many restarts: close and fail. */
  | { readonly type: 'give_up'; readonly id: string; readonly count: number; readonly exit: Exit }
  /** Its significant children have ended: close. */
  | { readonly type: 'shut_down'; readonly id: string }
  /** Stop these, one after the other. The answer to `close`. */
  | { readonly type: 'stop_all'; readonly ids: readonly string[] }
