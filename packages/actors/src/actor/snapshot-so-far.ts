/**
 * The snapshot of an actor of xstate, also while it is made.
 */
import type { ActorRefLike, Snapshot } from 'xstate'

/** Undefined while there is none: the development build of xstate throws then, the other says nothing. */
export function snapshotSoFar(actorRef: ActorRefLike): Snapshot<unknown> | undefined {
  try {
    return actorRef.getSnapshot() as Snapshot<unknown> | undefined
  } catch {
    return undefined
  }
}
