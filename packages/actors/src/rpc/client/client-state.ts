/**
 * What a client says of itself: a snapshot, which can be subscribed to.
 */
import type { CallError } from '../rpc-errors.js'
import type { BreakerState } from './breaker.machine.js'
import type { UpstreamState } from './upstream.machine.js'

export interface ServerState {
  readonly endpoint: string
  readonly state: UpstreamState
  /** Its circuit breaker: calls go to it while that is `closed`. */
  readonly breaker: BreakerState
  /** Calls that are under way there. */
  readonly pending: number
  /** Names the start of the server that has the session; undefined without one. */
  readonly instance: string | undefined
  /** Why it has no session. */
  readonly error: CallError | undefined
}

export interface ClientState {
  /** `ready` when a server takes calls. */
  readonly status: 'connecting' | 'ready' | 'closed'
  readonly servers: readonly ServerState[]
  /** Calls without an end yet. */
  readonly pending: number
  /** Of those, calls that wait for a server. */
  readonly waiting: number
}
