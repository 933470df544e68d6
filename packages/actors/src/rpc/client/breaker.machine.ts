/**
 * A circuit breaker, as a pure machine: after too many failures, one after the other, a server gets no calls for a while,
 * then one to see whether it is well.
 */
import { assign, setup } from 'xstate'

export interface BreakerInput {
  /** So many failures, one after the other, open it; 0 never. */
  readonly failures: number
  /** How long it stays open, in ms. */
  readonly resetMs: number
}

export type BreakerEvent =
  | { readonly type: 'failed' }
  | { readonly type: 'succeeded' }
  /** The one call that is to see whether the server is well is made. */
  | { readonly type: 'probed' }
  /** That call has ended, and has not shown it. */
  | { readonly type: 'unproven' }

interface BreakerContext extends BreakerInput {
  readonly inARow: number
}

export const breakerMachine = setup({
  types: { context: {} as BreakerContext, events: {} as BreakerEvent, input: {} as BreakerInput },
  actions: {
    count: assign({ inARow: ({ context }) => context.inARow + 1 }),
    forget: assign({ inARow: 0 }),
  },
  guards: {
    isTooMany: ({ context }) => context.failures > 0 && context.inARow + 1 >= context.failures,
  },
  delays: { resetMs: ({ context }) => context.resetMs },
}).createMachine({
  id: 'breaker',
  context: ({ input }) => ({ ...input, inARow: 0 }),
  initial: 'closed',
  states: {
    closed: {
      on: {
        failed: [{ guard: 'isTooMany', target: 'open', actions: 'count' }, { actions: 'count' }],
        succeeded: { actions: 'forget' },
      },
    },
    open: { after: { resetMs: 'half_open' } },
    half_open: { on: { probed: 'probing' } },
    probing: { on: { succeeded: { target: 'closed', actions: 'forget' }, failed: 'open', unproven: 'half_open' } },
  },
})

export type BreakerState = 'closed' | 'open' | 'half_open' | 'probing'
