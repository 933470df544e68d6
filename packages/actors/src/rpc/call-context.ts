/**
 * What a handler is told of the call that it serves.
 */
import type { Identity, Logger } from '@troupe/core'
import type { ProcedureSpec } from './contract.js'
import type { DeclareError } from './rpc-errors.js'
import type { Peer } from './server/execution.js'
import type { Metadata } from './wire.js'

export interface CallContext<Spec extends ProcedureSpec = ProcedureSpec> {
  /** What was called, as `quote`. */
  readonly procedure: string
  /** Aborts when the caller does not wait any more: its time is over, it has given up, or it is gone. */
  readonly signal: AbortSignal
  /** How long the caller still waits, in ms; Infinity for ever. */
  readonly leftMs: number
  /** What the caller has sent beside the input. */
  readonly metadata: Metadata
  /** Who calls. */
  readonly peer: Peer
  /** Who calls, by a key that it has proven to this service: of secured services. Undefined where nothing was proven. */
  readonly identity: Identity | undefined
  /** Logs with the name of the procedure. */
  readonly log: Logger
  /**
   * Makes an error that the contract declares, to be thrown.
   * @example throw context.error('UNKNOWN', { ticker })
   */
  readonly error: DeclareError<Spec>
}
