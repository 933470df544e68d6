/**
 * The one lifecycle: what starts and stops anywhere in Troupe goes through these states.
 *
 *   idle -> starting -> running -> stopping -> stopped
 *                 \________\___________\----> failed   (the first error is kept)
 *
 * A failure leaves through `stopping`, so that what was opened is closed. The I/O is provided from outside.
 */
import { assign, fromPromise, setup } from 'xstate'

export interface LifecycleContext {
  /** What went wrong first, if anything did. */
  readonly error: unknown
  /** Whether `error` is set: an error may be any value. */
  readonly failed: boolean
}

export type LifecycleEvent =
  | { readonly type: 'start' }
  | { readonly type: 'stop' }
  | { readonly type: 'fail'; readonly error: unknown }

const unprovided = (slot: string) =>
  fromPromise<void, void>(async () => {
    throw new Error(`the lifecycle machine was run without its ${slot} actor`)
  })

const errorOf = (event: object): unknown => ('error' in event ? event.error : undefined)

export const lifecycleMachine = setup({
  types: { context: {} as LifecycleContext, events: {} as LifecycleEvent },
  actors: { open: unprovided('open'), close: unprovided('close') },
  actions: {
    keepFirstError: assign(({ context, event }) =>
      context.failed ? context : { error: errorOf(event), failed: true },
    ),
  },
  guards: { hasFailed: ({ context }) => context.failed },
}).createMachine({
  id: 'lifecycle',
  context: { error: undefined, failed: false },
  initial: 'idle',
  states: {
    idle: { on: { start: 'starting', stop: 'stopped' } },
    starting: {
      invoke: {
        src: 'open',
        onDone: 'running',
        onError: { target: 'stopping', actions: 'keepFirstError' },
      },
      on: { stop: 'stopping', fail: { target: 'stopping', actions: 'keepFirstError' } },
    },
    running: {
      on: { stop: 'stopping', fail: { target: 'stopping', actions: 'keepFirstError' } },
    },
    stopping: {
      invoke: {
        src: 'close',
        onDone: [{ guard: 'hasFailed', target: 'failed' }, { target: 'stopped' }],
        onError: { target: 'failed', actions: 'keepFirstError' },
      },
      on: { fail: { actions: 'keepFirstError' } },
    },
    stopped: { type: 'final' },
    failed: { type: 'final' },
  },
})
