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
/** What libzmq says of handshakes, in words. */
const HANDSHAKES: Readonly<Record<string, string>> = {
  ERR_ZMTP_MECHANISM_MISMATCH:
    'it has no security or another, where this service has CURVE, or CURVE where this has none',
  ERR_ZMTP_CRYPTOGRAPHIC: 'what it said cannot be decrypted: it trusts another key than that of this service',
}
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

  /** A connection ends in its handshake: of who made it nothing is known, but where it came to. */
  handshakeFailed(endpoint: string, { code = '', message }: Error & { readonly code?: string }): void {
    this.#denied++
    const why = HANDSHAKES[code] ?? 'it does not speak as a client does'
    const facts = { endpoint, code: DENIED, why: `its handshake failed: ${why} (${code || message})` }
    this.#warnings.warn(facts, 'a client is refused')
  }
}
