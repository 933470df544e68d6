/**
 * Counts whom a service refuses, and logs it so that a flood of them does not fill the disk.
 */
import type { Clock, Logger } from '@troupe/core'
import type { WireError } from '../wire.js'

export interface RefusalStats {
  /** Clients that were refused for who they are: by CURVE, by address, because too many were connected, or without a proof of their key. */
  readonly denied: number
  /** What came that is not of the protocol. */
  readonly violations: number
}

/** So many lines are logged in a second; what is left out is counted in the next one. */
const LINES_A_SECOND = 10

const DENIED = 'ACCESS_DENIED'
const VIOLATIONS: ReadonlySet<string> = new Set(['PROTOCOL_ERROR', 'NO_SESSION'])

export class Refusals {
  readonly #clock: Clock
  readonly #log: Logger
  #denied = 0
  #violations = 0
  #beganMs = Number.NEGATIVE_INFINITY
  #lines = 0
  #notLogged = 0

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock
    this.#log = log
  }

  get stats(): RefusalStats {
    return { denied: this.#denied, violations: this.#violations }
  }

  /** A session ends with this, or does not begin. */
  count(peer: string, { code, message }: WireError): void {
    if (code === DENIED) this.#denied++
    else if (VIOLATIONS.has(code)) this.#violations++
    else return
    const nowMs = this.#clock.now()
    if (nowMs - this.#beganMs >= 1_000) {
      this.#beganMs = nowMs
      this.#lines = 0
    }
    if (this.#lines >= LINES_A_SECOND) {
      this.#notLogged++
      return
    }
    this.#lines++
    const notLogged = this.#notLogged
    this.#notLogged = 0
    this.#log.warn({ peer, code, why: message, ...(notLogged > 0 && { notLogged }) }, 'a client is refused')
  }
}
