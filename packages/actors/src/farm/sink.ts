/**
 * Where a farm listens for the workers that have sockets.
 */
import {
  assertSafeEndpoint,
  type CurveSecurity,
  type Logger,
  type PrivateEndpoint,
  parseEndpoints,
  privateEndpoint,
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

  async #read(): Promise<void> {
    try {
      for await (const parts of this.#socket) this.#terms.came(parts)
    } catch (error) {
      this.#terms.failed(error)
    }
  }
}
