/**
 * Where a farm says that one of our workers is to be killed, which does not respond any more.
 */
import { type CurveSecurity, errorData, type Logger } from '@troupe/core'
import { ZMQPull } from '@troupe/push-pull'
import { decodeBody, decodeHeader, WIRE_VERSION } from '../wire.js'

/** What is said here is short, and seldom. */
const CONTROL_LIMITS = { maxMessageBytes: 4_096, handshakeTimeoutMs: 10_000, maxConnections: 64 } as const

export interface ControlTerms {
  /** What to bind. */
  readonly endpoint: string
  readonly insecure: boolean
  readonly security: CurveSecurity | undefined
  readonly log: Logger
  kill(incarnation: string, why: string): void
}

export class Control {
  readonly #terms: ControlTerms
  readonly #socket: ZMQPull<{ codec: 'frames' }>

  constructor(terms: ControlTerms) {
    this.#terms = terms
    const { endpoint, insecure, security, log } = terms
    this.#socket = new ZMQPull(`@${endpoint}`, { codec: 'frames', ...CONTROL_LIMITS, insecure, security, log })
  }

  /** Listens, and resolves with where. */
  async open(): Promise<string> {
    const bound = await this.#socket.endpoint()
    void this.#read()
    return bound
  }

  async close(): Promise<void> {
    await this.#socket.close()
  }

  async #read(): Promise<void> {
    const { log, kill } = this.#terms
    try {
      for await (const parts of this.#socket) {
        const header = decodeHeader(parts)
        if (header?.kind !== 'KILL' || header.version !== WIRE_VERSION) continue
        kill(header.incarnation, decodeBody('KILL', parts[1]!, 'msgpack')?.why ?? 'the farm said so')
      }
    } catch (error) {
      log.error({ err: errorData(error) }, 'the farm cannot have workers killed any more')
    }
  }
}
