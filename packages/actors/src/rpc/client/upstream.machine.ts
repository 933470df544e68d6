/**
 * The life of one server as its client sees it, as a pure machine: it decides, `upstream.ts` acts.
 */
import { setup } from 'xstate'

export type UpstreamEvent =
  /** It has taken the session. */
  | { readonly type: 'welcomed' }
  /** It is stopping, or is not among the endpoints any more: it gets no new calls. */
  | { readonly type: 'drained' }
  /** The session has ended. */
  | { readonly type: 'lost' }
  /** It is tried again. */
  | { readonly type: 'dialled' }
  | { readonly type: 'closed' }

export const upstreamMachine = setup({ types: { events: {} as UpstreamEvent } }).createMachine({
  id: 'upstream',
  initial: 'connecting',
  on: { closed: '.closed' },
  states: {
    connecting: { on: { welcomed: 'open', lost: 'waiting' } },
    open: { on: { drained: 'draining', lost: 'waiting' } },
    draining: { on: { lost: 'waiting' } },
    waiting: { on: { dialled: 'connecting' } },
    closed: { type: 'final' },
  },
})

export type UpstreamState = 'connecting' | 'open' | 'draining' | 'waiting' | 'closed'
