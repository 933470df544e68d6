/**
 * OTP's restart types and strategies as pure functions.
 */
import type { Exit } from '../actor/exit.js'

/**
 * `permanent`: always restarted. `transient`: restarted unless it ended as `normal` or `shutdown`.
 * `temporary`: never restarted, and its spec is forgotten.
 */
export type RestartType = 'permanent' | 'transient' | 'temporary'

/**
 * Who is restarted with the child that ended. `one_for_one`: no other. `one_for_all`: all.
 * `rest_for_one`: those that were started after it.
 */
export type Strategy = 'one_for_one' | 'one_for_all' | 'rest_for_one'

/** When a supervisor stops by itself: when one of its significant children has ended, or when the last of them has. */
export type AutoShutdown = 'never' | 'any_significant' | 'all_significant'

/** Whether a child of a restart type is restarted after such an exit. */
export function isRestarted(type: RestartType, exit: Exit): boolean {
  return type === 'permanent' || (type === 'transient' && !isOrderly(exit))
}

/** Which children, in the order of their start, are stopped and started again with the one that ended. */
export function affectedBy(strategy: Strategy, id: string, order: Iterable<string>): readonly string[] {
  switch (strategy) {
    case 'one_for_one':
      return [id]
    case 'one_for_all':
      return [...order]
    case 'rest_for_one': {
      const all = [...order]
      return all.slice(all.indexOf(id))
    }
  }
}

/** A supervisor that gave up ends as `shutdown` in OTP; here it says why, and is treated alike. */
const isOrderly = (exit: Exit): boolean =>
  exit.reason === 'normal' ||
  exit.reason === 'shutdown' ||
  (exit.reason === 'failed' && exit.error.code === 'RESTART_INTENSITY')
