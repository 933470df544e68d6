/**
 * A lifecycle as an actor of xstate, for inspectors: it is told what the lifecycle did, and does nothing itself.
 */
import { type Actor, createActor, fromPromise, type InspectionEvent, type Subscription } from 'xstate'
import { type LifecycleInput, lifecycleMachine } from './lifecycle.machine.js'
import type { LifecycleState, LifecycleStep } from './lifecycle-steps.js'

const never = fromPromise<void, LifecycleInput>(() => new Promise(() => undefined))
const machine = lifecycleMachine.provide({ actors: { open: never, close: never } })

/** What xstate calls what came of an invoked promise. */
const CALLED = {
  opened: 'xstate.done.actor.0.lifecycle.starting',
  open_failed: 'xstate.error.actor.0.lifecycle.starting',
  closed: 'xstate.done.actor.0.lifecycle.stopping',
  close_failed: 'xstate.error.actor.0.lifecycle.stopping',
} as const

export class LifecycleMirror {
  readonly #actor: Actor<typeof machine>

  /** `id` is what inspectors call it. */
  constructor(
    id: string,
    resource: LifecycleInput,
    state: LifecycleState,
    failure: { readonly error: unknown } | undefined,
  ) {
    const context = { resource, error: failure?.error, failed: failure !== undefined }
    const snapshot = machine.resolveState({ value: state, context })
    this.#actor = createActor(machine, { id, snapshot, input: resource })
    this.#actor.start()
  }

  inspect(observer: (event: InspectionEvent) => void): Subscription {
    return this.#actor.system.inspect(observer)
  }

  take(step: LifecycleStep, error: unknown): void {
    const type = step in CALLED ? CALLED[step as keyof typeof CALLED] : step
    if (this.#actor.getSnapshot().status === 'active') this.#actor.send({ type, error } as never)
  }
}
