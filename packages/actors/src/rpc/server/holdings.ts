/**
 * What one client has of its server, so that it has no more than it may: calls, streams, and the memory that what it has sent takes.
 */
import type { ProcedureSpec } from '../contract.js'
import type { CheckedCommonOptions } from './serve.options.js'

/** What one client may have of its server at a time. */
export type ClientLimits = Pick<
  CheckedCommonOptions,
  'maxCallsPerClient' | 'maxStreamsPerClient' | 'maxHeldBytesPerClient' | 'handshakeTimeoutMs'
>

/** A call, as far as it counts. */
interface Holding {
  readonly spec: ProcedureSpec
  /** What it holds of what its client has sent, in bytes. */
  readonly heldBytes: number
}

export class Holdings {
  readonly #limits: ClientLimits
  /** Those that have no answer yet, or of which something still runs. */
  #calls = 0
  #streams = 0
  #bytes = 0

  constructor(limits: ClientLimits) {
    this.#limits = limits
  }

  /** Why one more call is not taken, that came in so many bytes. */
  against({ stream }: ProcedureSpec, bytes: number): string | undefined {
    const { maxCallsPerClient, maxStreamsPerClient } = this.#limits
    if (this.#calls >= maxCallsPerClient) {
      return `${maxCallsPerClient} calls of this client are under way, which is all that one may have (maxCallsPerClient)`
    }
    if (stream !== undefined && this.#streams >= maxStreamsPerClient) {
      return `${maxStreamsPerClient} streams of this client are open, which is all that one may have (maxStreamsPerClient)`
    }
    return this.againstBytes(bytes)
  }

  /** Why so much more is not taken. */
  againstBytes(bytes: number): string | undefined {
    return this.#bytes + bytes > this.#limits.maxHeldBytesPerClient ? TOO_MUCH : undefined
  }

  /** A call was taken. */
  add({ spec, heldBytes }: Holding): void {
    this.#calls++
    if (spec.stream !== undefined) this.#streams++
    this.#bytes += heldBytes
  }

  /** So many more bytes are held by a call, or fewer. */
  addBytes(bytes: number): void {
    this.#bytes += bytes
  }

  /** A call has its answer: it has no stream any more. */
  answered({ spec }: Holding): void {
    if (spec.stream !== undefined) this.#streams--
  }

  /** A call has its answer, and nothing of it runs. */
  remove({ heldBytes }: Holding): void {
    this.#calls--
    this.#bytes -= heldBytes
  }
}

const TOO_MUCH =
  'what came of this client and is not done with is as large as that of one may be (maxHeldBytesPerClient)'
