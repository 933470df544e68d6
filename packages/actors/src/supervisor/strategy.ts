/**
 * OTP's restart types and strategies as pure functions.
 */
import type { Exit } from '../actor/exit.js'

/**
 * `permanent`: always restarted. `transient`: restarted unless it ended as `normal` or `shutdown`.
 * `temporary`: never restarted, and its spec is forgotten.
 */
export type RestartType = 'permanent' | 'transient' | 'temporary'

/** `one_for_one`: the child that ended is restarted, and no other. */
export type Strategy = 'one_for_one'

/** Whether a child of a restart type is restarted after such an exit. */
export function isRestarted(type: RestartType, exit: Exit): boolean {
  if (type === 'transient') return exit.reason !== 'normal' && exit.reason !== 'shutdown'
  return type === 'permanent'
}

/** Which children, by id in the order of their start, are stopped and started again with the one that ended. */
export function affectedBy(strategy: Strategy, id: string, _order: readonly string[]): readonly string[] {
  switch (strategy) {
    case 'one_for_one':
      return [id]
  }
}
