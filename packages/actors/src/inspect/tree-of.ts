/**
 * What runs in a tree, as plain data.
 */
import type { LifecycleState } from '@troupe/core'
import type { StateValue } from 'xstate'
import { Actor } from '../actor/actor.js'
import type { Supervised } from '../actor/exit.js'
import type { ChildPhase } from '../supervisor/child.machine.js'
import type { Strategy } from '../supervisor/strategy.js'
import { Supervisor } from '../supervisor/supervisor.js'

/** One of a tree, with what is under it. What does not apply, or is not known, is left out. Safe for JSON. */
export interface TreeNode {
  readonly path: string
  /** `other` is what else can be supervised, as a farm. Left out while nothing is there: it starts, waits or is stopped. */
  readonly kind?: 'supervisor' | 'actor' | 'other'
  /** What errors and logs call it; of what has no name, its class. */
  readonly name?: string
  readonly state?: LifecycleState
  /** Of a child: where its supervisor has it. */
  readonly phase?: ChildPhase
  /** Of a child: how often it was started again. */
  readonly restarts?: number
  /** Of an actor. */
  readonly isolation?: 'inline' | 'thread' | 'process'
  /** Of an actor in a process of its own. */
  readonly pid?: number
  /** Of an actor: how many messages its mailbox holds. */
  readonly mailboxSize?: number
  /** Of an actor: how many messages it did not take. Of the top: of all that were ever in its tree. */
  readonly deadLetters?: number
  /** The state of an actor's machine: of one in a thread or process, while somebody subscribes to the actor. */
  readonly value?: StateValue
  /** Of a supervisor. */
  readonly strategy?: Strategy
  /** Of a supervisor: those that are stopped, and those that wait for their restart, too. In the order of their first start. */
  readonly children?: readonly TreeNode[]
}

/**
 * Describes what runs, and what is to run again: of a whole tree, of a supervisor in one, or of an actor.
 * @example
 * console.log(JSON.stringify(treeOf(tree)))
 */
export function treeOf(top: Supervisor | Actor<never>): TreeNode {
  const path = top.path ?? top.name
  return { ...nodeOf(path, top), ...(top instanceof Supervisor && { deadLetters: top.deadLetters }) }
}

function nodeOf(path: string, one: Supervised): TreeNode {
  if (one instanceof Supervisor) return supervisorNode(one)
  return one instanceof Actor ? actorNode(path, one) : otherNode(path, one)
}

function supervisorNode(supervisor: Supervisor): TreeNode {
  const { path, name, state, strategy } = supervisor
  const children = supervisor.children().map(({ id, phase, restarts, child }): TreeNode => {
    const at = `${path}/${id}`
    return { ...(child === undefined ? { path: at } : nodeOf(at, child)), phase, restarts }
  })
  return { path, kind: 'supervisor', name, state, strategy, children }
}

function actorNode(path: string, actor: Actor): TreeNode {
  const { name, state, isolation, pid, mailboxSize, deadLetters, snapshot } = actor
  const value = snapshot?.value as StateValue | undefined
  return {
    ...{ path, kind: 'actor', name, state, isolation, mailboxSize, deadLetters },
    ...(pid !== undefined && { pid }),
    ...(value !== undefined && { value: structuredClone(value) }),
  }
}

/** By what it shows of itself: a farm has a state. */
function otherNode(path: string, other: Supervised & { readonly name?: unknown; readonly state?: unknown }): TreeNode {
  const name = typeof other.name === 'string' ? other.name : other.constructor?.name
  const { state } = other
  return {
    ...{ path, kind: 'other' },
    ...(name !== undefined && { name }),
    ...(typeof state === 'string' && { state: state as LifecycleState }),
  }
}
