/**
 * The machines of an actor in a thread or process, seen from its owner: xstate's inspection events are made again of what
 * its host tells, while somebody listens here.
 */
import { TroupeError } from '@troupe/core/kernel'
import type { ActorRefLike, InspectionEvent, Snapshot, Subscription } from 'xstate'
import type { Inspected, Wanted } from './inspected.js'
import type { MachineTransition } from './machine-transition.js'
import type { Observed } from './place.js'

/** Session ids of xstate are distinct in one thread alone. */
let systems = 0

export class RemoteSystem implements Observed {
  readonly #want: (wanted: Wanted) => void
  readonly #session = `remote-${++systems}`
  readonly #inspectors = new Set<(event: InspectionEvent) => void>()
  readonly #listeners = new Set<(transition: MachineTransition) => void>()
  readonly #refs = new Map<string, RemoteRef>()

  /** `want` tells the host what is wanted from now on. */
  constructor(want: (wanted: Wanted) => void) {
    this.#want = want
  }

  inspect(inspector: (event: InspectionEvent) => void): Subscription {
    return this.#added(this.#inspectors, inspector)
  }

  transitions(listener: (transition: MachineTransition) => void): Subscription {
    return this.#added(this.#listeners, listener)
  }

  /** The host has told of a transition. */
  took(transition: MachineTransition): void {
    for (const listener of this.#listeners) listener(transition)
  }

  /** The host has told an inspection event. */
  came(inspected: Inspected): void {
    const event = this.#made(inspected)
    if (event === undefined) return
    for (const inspector of this.#inspectors) inspector(event)
    // Nothing follows the last snapshot.
    if (event.type === '@xstate.snapshot' && event.snapshot.status !== 'active') this.#refs.delete(inspected.id)
  }

  #made(inspected: Inspected): InspectionEvent | undefined {
    const rootId = this.#idOf(inspected.rootId)
    if (inspected.type === '@xstate.actor') {
      const actorRef = new RemoteRef(this.#idOf(inspected.id), inspected, this.#refs.get(inspected.parentId ?? ''))
      this.#refs.set(inspected.id, actorRef)
      return { type: inspected.type, actorRef, rootId }
    }
    const actorRef = this.#refs.get(inspected.id)
    if (actorRef === undefined) return undefined
    const { type, event } = inspected
    if (type === '@xstate.event') {
      return { type, actorRef, rootId, event, sourceRef: this.#refs.get(inspected.sourceId ?? '') }
    }
    actorRef.snapshot = inspected.snapshot
    return { type, actorRef, rootId, event, snapshot: inspected.snapshot }
  }

  #idOf(sessionId: string): string {
    return `${this.#session}:${sessionId}`
  }

  #added<Listener>(to: Set<Listener>, listener: Listener): Subscription {
    const before = this.#wanted
    to.add(listener)
    this.#tell(before)
    return {
      unsubscribe: () => {
        const until = this.#wanted
        to.delete(listener)
        this.#tell(until)
      },
    }
  }

  get #wanted(): Wanted {
    return { events: this.#inspectors.size > 0, transitions: this.#listeners.size > 0 }
  }

  #tell(before: Wanted): void {
    const now = this.#wanted
    if (now.events !== before.events || now.transitions !== before.transitions) this.#want(now)
  }
}

/** An actor of xstate that runs elsewhere, with what an inspector looks at. */
class RemoteRef implements ActorRefLike {
  readonly sessionId: string
  readonly id: string
  readonly logic: { readonly config: unknown }
  readonly _parent: RemoteRef | undefined
  snapshot: Snapshot<unknown> | undefined

  constructor(
    sessionId: string,
    { name, config, snapshot }: Extract<Inspected, { readonly type: '@xstate.actor' }>,
    parent: RemoteRef | undefined,
  ) {
    this.sessionId = sessionId
    this.id = name
    this.logic = { config }
    this._parent = parent
    this.snapshot = snapshot
  }

  getSnapshot(): Snapshot<unknown> | undefined {
    return this.snapshot
  }

  /** @throws {TroupeError} `NO_ACTOR` always */
  send(): never {
    throw new TroupeError(
      'NO_ACTOR',
      `${this.id} runs elsewhere: it is only shown here, and takes events by its mailbox`,
    )
  }
}
