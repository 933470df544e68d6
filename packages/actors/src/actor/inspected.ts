/**
 * What the thread or process of an actor tells its owner of the machines in it: xstate's inspection events as plain data.
 */
import type { AnyEventObject, Snapshot } from 'xstate'

/** What the owner wants to be told. */
export interface Wanted {
  readonly events: boolean
  readonly transitions: boolean
}

interface OfOne {
  /** The session ids of the actor and of the root of its system, there. */
  readonly id: string
  readonly rootId: string
}

export type Inspected =
  | (OfOne & {
      readonly type: '@xstate.actor'
      readonly name: string
      readonly parentId: string | undefined
      /** What its machine is made of, if it is one. */
      readonly config: unknown
      readonly snapshot: Snapshot<unknown> | undefined
    })
  | (OfOne & { readonly type: '@xstate.event'; readonly event: AnyEventObject; readonly sourceId: string | undefined })
  | (OfOne & {
      readonly type: '@xstate.snapshot'
      readonly event: AnyEventObject
      readonly snapshot: Snapshot<unknown>
    })
