/**
 * What a feed tells of a machine: each transition that it takes.
 */
import type { StateValue, Subscription } from 'xstate'
import type { Observed } from './place.js'
import { snapshotSoFar } from './snapshot-so-far.js'

/** A transition that a machine has taken. Plain data, of its own. */
export interface MachineTransition {
  /** The id of the machine: `lifecycle`, `child`, or that of your own. */
  readonly machine: string
  /** The state that it left, and the one that it is in, as xstate's values. The same when it only acted. */
  readonly from: StateValue
  readonly to: StateValue
  /** The type of the event. */
  readonly event: string
  /** When it was, in ms since 1970, by the clock of the thread or process that it runs in. */
  readonly atMs: number
}

/** Tells the transitions of all machines of a system from now on, also those that it takes by itself. */
export function followTransitions(one: Observed, tell: (transition: MachineTransition) => void): Subscription {
  if (one.transitions !== undefined) return one.transitions(tell)
  // What a machine has come to within the step that it takes: its own snapshot follows at the end of that.
  const midway = new WeakMap<object, StateValue>()
  return one.inspect((event) => {
    const { actorRef } = event
    if (event.type === '@xstate.snapshot') midway.delete(actorRef)
    if (event.type !== '@xstate.microstep') return
    const { machine, value: to } = event.snapshot as unknown as MachineStep
    const settled = snapshotSoFar(actorRef) as unknown as MachineStep | undefined
    // What it does while it is made only leads to its first state.
    if (settled === undefined) return
    const from = midway.get(actorRef) ?? settled.value
    midway.set(actorRef, to)
    if (event._transitions.length === 0) return
    tell({ machine: machine.id, from: copyOf(from), to: copyOf(to), event: event.event.type, atMs: Date.now() })
  })
}

/** What only machines have in their snapshots. */
interface MachineStep {
  readonly machine: { readonly id: string }
  readonly value: StateValue
}

/** The machine's own value must not be in the hands of who listens. */
const copyOf = (value: StateValue): StateValue => (typeof value === 'string' ? value : structuredClone(value))
