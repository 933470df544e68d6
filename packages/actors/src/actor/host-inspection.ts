/**
 * Tells the owner of the machines in this thread or process, while it wants to hear of them.
 */
import type { ActorRefLike, InspectionEvent, Snapshot, Subscription } from 'xstate'
import { announcing, parentOf } from './announcing.js'
import type { Inspected, Wanted } from './inspected.js'
import { followTransitions, type MachineTransition } from './machine-transition.js'
import type { Observed } from './place.js'
import { plainOf } from './plain.js'
import { snapshotSoFar } from './snapshot-so-far.js'

export interface HostInspectionTerms {
  event(event: Inspected): void
  transition(transition: MachineTransition): void
  /** Something of the machine cannot be looked at. */
  failed(error: unknown): void
}

export class HostInspection {
  readonly #terms: HostInspectionTerms
  #system: Observed | undefined
  #wanted: Wanted = { events: false, transitions: false }
  #events: Subscription | undefined
  #transitions: Subscription | undefined

  constructor(terms: HostInspectionTerms) {
    this.#terms = terms
  }

  /** What runs here is a system of xstate. */
  has(system: Observed): void {
    this.#system = system
    this.#follow()
  }

  want(wanted: Wanted): void {
    this.#wanted = wanted
    this.#follow()
  }

  #follow(): void {
    const { events, transitions } = this.#wanted
    if (!events) this.#events = ended(this.#events)
    if (!transitions) this.#transitions = ended(this.#transitions)
    const system = this.#system
    if (system === undefined) return
    if (events) this.#events ??= system.inspect(announcing((event) => this.#inspected(event)))
    if (transitions) this.#transitions ??= followTransitions(system, (transition) => this.#terms.transition(transition))
  }

  #inspected(event: InspectionEvent): void {
    try {
      const plain = plainEvent(event)
      if (plain !== undefined) this.#terms.event(plain)
    } catch (error) {
      // A getter, or a toJSON, of what the machine holds: it must not be the end of the machine.
      this.#terms.failed(error)
    }
  }
}

function ended(subscription: Subscription | undefined): undefined {
  subscription?.unsubscribe()
}

/** The events that inspectors show; undefined for the steps in between. */
function plainEvent(inspection: InspectionEvent): Inspected | undefined {
  const { actorRef, rootId } = inspection
  const one = { id: actorRef.sessionId, rootId }
  switch (inspection.type) {
    case '@xstate.actor':
      return { ...one, type: inspection.type, ...plainActor(actorRef) }
    case '@xstate.event': {
      const event = plainOf(inspection.event) as typeof inspection.event
      return { ...one, type: inspection.type, event, sourceId: inspection.sourceRef?.sessionId }
    }
    case '@xstate.snapshot': {
      const event = plainOf(inspection.event) as typeof inspection.event
      return { ...one, type: inspection.type, event, snapshot: plainSnapshot(inspection.snapshot) }
    }
  }
  return undefined
}

function plainActor(actorRef: ActorRefLike) {
  const { id, logic } = actorRef as ActorRefLike & {
    readonly id?: string
    readonly logic?: { readonly config?: unknown }
  }
  const snapshot = snapshotSoFar(actorRef)
  return {
    name: id ?? actorRef.sessionId,
    parentId: parentOf(actorRef)?.sessionId,
    // A promise, or what else is not a machine, has a function there.
    config: typeof logic?.config === 'object' ? plainOf(logic.config) : undefined,
    snapshot: snapshot && plainSnapshot(snapshot),
  }
}

/** Without the machine that a snapshot refers to. */
function plainSnapshot(snapshot: Snapshot<unknown>): Snapshot<unknown> {
  const { status, value, context, output, error, tags } = snapshot as Snapshot<unknown> & Record<string, unknown>
  const all = Object.entries({ status, value, context, output, error, tags })
  return plainOf(Object.fromEntries(all.filter(([, one]) => one !== undefined))) as Snapshot<unknown>
}
