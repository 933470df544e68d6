/**
 * The one lifecycle: what starts and stops anywhere in Troupe goes through these states.
 *
 *   idle -> starting -> running -> stopping -> stopped
 *                 \________\___________\----> failed   (the first error is kept)
 *
 * A failure leaves through `stopping`, so that what was opened is closed. The I/O comes from outside, as input.
 */
import { assign, fromPromise, setup } from 'xstate'

/** What a lifecycle opens and closes: the I/O of the machine. */
export interface LifecycleInput {
  /** Opens it. The signal aborts when it is stopped or fails meanwhile; `close` is called in any case. */
  open(opening: { readonly signal: AbortSignal }): Promise<void>
  /** Closes what `open` had opened, as far as it had come. Called once. */
  close(): Promise<void>
}

export interface LifecycleContext {
  readonly resource: LifecycleInput
  /** What went wrong first, if anything did. */
  readonly error: unknown
  /** Whether `error` is set: an error may be any value. */
  readonly failed: boolean
}

export type LifecycleEvent =
  | { readonly type: 'start' }
  | { readonly type: 'stop' }
  | { readonly type: 'fail'; readonly error: unknown }

const errorOf = (event: object): unknown => ('error' in event ? event.error : undefined)

export const lifecycleMachine = setup({
  types: { context: {} as LifecycleContext, events: {} as LifecycleEvent, input: {} as LifecycleInput },
  // The resource comes as input: a machine with actors provided for each would be a copy of it all, of 20 KB.
  actors: {
    open: fromPromise<void, LifecycleInput>(({ input, signal }) => input.open({ signal })),
    close: fromPromise<void, LifecycleInput>(({ input }) => input.close()),
  },
  actions: {
    keepFirstError: assign(({ context, event }) => (context.failed ? {} : { error: errorOf(event), failed: true })),
  },
  guards: { hasFailed: ({ context }) => context.failed },
}).createMachine({
  id: 'lifecycle',
  context: ({ input }) => ({ resource: input, error: undefined, failed: false }),
  initial: 'idle',
  states: {
    idle: { on: { start: 'starting', stop: 'stopped' } },
    starting: {
      invoke: {
        src: 'open',
        input: ({ context }) => context.resource,
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
        input: ({ context }) => context.resource,
        onDone: [{ guard: 'hasFailed', target: 'failed' }, { target: 'stopped' }],
        onError: { target: 'failed', actions: 'keepFirstError' },
      },
      on: { fail: { actions: 'keepFirstError' } },
    },
    stopped: { type: 'final' },
    failed: { type: 'final' },
  },
})
