/**
 * Where a farm listens for the workers that have sockets.
 */
import {
  assertSafeEndpoint,
  type CurveSecurity,
  errorData,
  type Logger,
  PacedWarnings,
  type PrivateEndpoint,
  parseEndpoints,
  privateEndpoint,
  systemClock,
  ZMQMonitor,
} from '@troupe/core'
import { ZMQPull } from '@troupe/push-pull'
import type { Parts } from './parts.js'

export interface SinkTerms {
  readonly run: string
  /** Where to listen; undefined for a place of its own. */
  readonly endpoint: string | undefined
  readonly insecure: boolean
  readonly security: CurveSecurity | undefined
  /** Who else may be connected, and how long a handshake may take, in ms. */
  readonly maxConnections: number
  readonly handshakeTimeoutMs: number
  /** Whether all workers are in this process. */
  readonly isInner: boolean
  /** Of one part of a message. */
  readonly maxMessageBytes: number
  readonly log: Logger
  came(parts: Parts): void
  failed(error: unknown): void
}

export class Sink {
  readonly #terms: SinkTerms
  readonly #place: PrivateEndpoint | undefined
  readonly #socket: ZMQPull<{ codec: 'frames' }>

  /** @throws {TroupeError} `INVALID_ENDPOINT`, `INSECURE_ENDPOINT` */
  constructor(terms: SinkTerms) {
    this.#terms = terms
    const { run, endpoint, insecure, security, isInner, maxMessageBytes, log } = terms
    const { maxConnections, handshakeTimeoutMs } = terms
    if (endpoint === undefined && !isInner) this.#place = privateEndpoint()
    const where = endpoint ?? this.#place?.endpoint ?? `inproc://troupe-farm-${run}`
    assertSafeEndpoint(parseEndpoints(where, 'bind'), 'a farm', insecure || security !== undefined)
    this.#socket = new ZMQPull(`@${where.replace(/^@/, '')}`, {
      codec: 'frames',
      receiveHighWaterMark: 0,
      ...{ maxMessageBytes, insecure, security, handshakeTimeoutMs, log },
      // Where nobody else can come, nobody is counted.
      ...(endpoint !== undefined && { maxConnections }),
    })
    if (endpoint !== undefined) void this.#watch(new ZMQMonitor(this.#socket))
  }

  /** Connections that it has refused. */
  get denied(): number {
    return this.#socket.stats.denied
  }

  /** Listens, and resolves with where workers of this machine reach it. @throws {TroupeError} `ENDPOINT_IN_USE` */
  async open(): Promise<string> {
    const bound = await this.#socket.endpoint()
    void this.#read()
    // What listens on every interface is dialled on loopback from here.
    return bound.replace(/^tcp:\/\/0\.0\.0\.0:/, 'tcp://127.0.0.1:').replace(/^tcp:\/\/\[::\]:/, 'tcp://[::1]:')
  }

  async close(): Promise<void> {
    await this.#socket.close()
    this.#place?.[Symbol.dispose]()
  }

  /** Logs whose security is another than the farm's. Whom ZAP refuses is logged there. */
  async #watch(monitor: ZMQMonitor): Promise<void> {
    const { log } = this.#terms
    const warnings = new PacedWarnings(systemClock, log)
    try {
      for await (const event of monitor) {
        if (event.type !== 'handshake_failed' || event.reason !== 'protocol') continue
        const { code } = event.error
        warnings.warn({ endpoint: event.address, code, why: this.#strange(code) }, 'who would connect is not let in')
      }
    } catch (error) {
      log.warn({ err: errorData(error) }, 'handshakes that fail are not logged any more')
    }
  }

  #strange(code: string | undefined): string {
    if (code === 'ERR_ZMTP_CRYPTOGRAPHIC') return 'it trusts another key than that of this farm'
    if (code !== 'ERR_ZMTP_MECHANISM_MISMATCH') return 'its handshake failed'
    return this.#terms.security === undefined
      ? 'it has security, and this farm has none'
      : 'it has no security, and this farm has'
  }

  async #read(): Promise<void> {
    try {
      for await (const parts of this.#socket) this.#terms.came(parts)
    } catch (error) {
      this.#terms.failed(error)
    }
  }
}
