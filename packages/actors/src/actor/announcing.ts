/**
 * Who begins to inspect what runs already has to be told what there is: xstate itself tells only what is made from then on.
 */
import type { ActorRefLike, InspectionEvent } from 'xstate'

/** Tells of each actor by an `@xstate.actor` before any other event of it, its parents before it. */
export function announcing(tell: (event: InspectionEvent) => void): (event: InspectionEvent) => void {
  const known = new WeakSet<ActorRefLike>()
  const announce = (actorRef: ActorRefLike, rootId: string) => {
    if (known.has(actorRef)) return
    known.add(actorRef)
    const parent = parentOf(actorRef)
    if (parent !== undefined) announce(parent, rootId)
    tell({ type: '@xstate.actor', actorRef, rootId })
  }
  return (event) => {
    announce(event.actorRef, event.rootId)
    if (event.type !== '@xstate.actor') tell(event)
  }
}

/** Not among the types of xstate, and what its inspectors go by. */
export const parentOf = (actorRef: ActorRefLike): ActorRefLike | undefined =>
  (actorRef as { _parent?: ActorRefLike })._parent
