/**
 * How code of each kind is run.
 */
import type { AnyActorLogic } from 'xstate'
import type { ActorFunction } from './actor-context.js'
import type { Behaviour } from './cell.js'
import { type ActorCode, kindOf, type SchemedLogic, schemedOf } from './code.js'
import type { Handler } from './handler.js'
import { loadExport, type ModuleExport, notCode } from './load-export.js'
import { notPersistent } from './not-persistent.js'
import { functionBehaviour } from './pipe.js'

/** The behaviour of some code. What a function does not need is loaded only for what does. */
export function behaviourOf(code: ActorCode): Behaviour {
  switch (kindOf(code)) {
    case 'function':
      return functionBehaviour(code as unknown as ActorFunction)
    case 'handler':
      return async (cell) => (await import('./handler.js')).handlerBehaviour(code as Handler)(cell)
    default:
      return async (cell) => {
        const { logicBehaviour } = await import('./logic.js')
        return logicBehaviour(schemedOf(code as AnyActorLogic | SchemedLogic))(cell)
      }
  }
}

/** The behaviour of code that is named. To load it is part of its start, which has its time and can be given up. */
export const namedBehaviour =
  (named: ModuleExport): Behaviour =>
  async (cell) => {
    const code = await loadExport(named)
    const kind = kindOf(code)
    if (kind === undefined) throw notCode(named)
    if (cell.terms.persists && kind !== 'logic') throw notPersistent(cell.terms.name, kind)
    if (cell.isAborted) throw cell.signal.reason
    return behaviourOf(code as ActorCode)(cell)
  }
