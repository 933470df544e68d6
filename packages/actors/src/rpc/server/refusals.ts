/**
 * Counts whom a service refuses, and logs it so that a flood of them does not fill the disk.
 */
import { type Clock, type Logger, PacedWarnings } from '@troupe/core'
import type { WireError } from '../wire.js'

export interface RefusalStats {
  /** Clients that were refused for who they are: by CURVE, by address, because too many were connected, or without a proof of their key. */
  readonly denied: number
  /** What came that is not of the protocol. */
  readonly violations: number
}

const DENIED = 'ACCESS_DENIED'
const VIOLATIONS: ReadonlySet<string> = new Set(['PROTOCOL_ERROR', 'NO_SESSION'])

export class Refusals {
  readonly #warnings: PacedWarnings
  #denied = 0
  #violations = 0

  constructor(clock: Clock, log: Logger) {
    this.#warnings = new PacedWarnings(clock, log)
  }

  get stats(): RefusalStats {
    return { denied: this.#denied, violations: this.#violations }
  }

  /** A session ends with this, or does not begin. */
  count(peer: string, { code, message }: WireError): void {
    if (code === DENIED) this.#denied++
    else if (VIOLATIONS.has(code)) this.#violations++
    else return
    this.#warnings.warn({ peer, code, why: message }, 'a client is refused')
  }
}
