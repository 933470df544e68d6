/**
 * The sockets of a worker that was started elsewhere than its farm.
 */
import { type CurveSecurity, errorData, type HandshakeFailure, type Logger, ZMQMonitor } from '@troupe/core'
import { ZMQPull, ZMQPush } from '@troupe/push-pull'
import { HELD_MS, isRefusal } from '../../actor/handshake-end.js'
import type { Parts } from '../parts.js'
import type { WorkerEnd } from '../worker-end.js'
import { advertised } from './route.js'

/** How often the farm's I/O thread is asked whether it is there, and how long it may take to answer, in ms. */
const HEARTBEAT_MS = 1_000
const HEARTBEAT_TIMEOUT_MS = 4_000
/** How long what was said last may take to leave, in ms. */
const LINGER_MS = 500

/** One farm dials here, and again when it has lost its connection. */
const INBOX_LIMITS = { handshakeTimeoutMs: 10_000, maxConnections: 64 } as const

export interface RemotePlaces {
  /** Where the farm listens. */
  readonly farm: string
  /** What to bind. */
  readonly inbox: string
  readonly advertise: string | undefined
  readonly insecure: boolean
  /** Who the worker is, and the farm's key. */
  readonly security: CurveSecurity | undefined
  readonly log: Logger
}

export class RemoteEnd implements WorkerEnd {
  readonly #places: RemotePlaces
  readonly #inbox: ZMQPull<{ codec: 'frames' }>
  readonly #sink: ZMQPush<{ codec: 'frames' }>
  /** Whether it was ever connected to something that speaks ZeroMQ at the farm's address. */
  wasConnected = false
  /** Why the last handshake with the farm has failed, if it has. libzmq tries again after `other` alone. */
  handshakeFailure: HandshakeFailure | undefined
  /** How many handshakes were closed without a word, since one succeeded. */
  #closings = 0
  /** When it was connected last, before the handshake. */
  #connectedMs = 0
  /** Since when the connection is lost, if it is. */
  lostSinceMs: number | undefined

  /** `connected` is called when the connection to the farm is there, or there again, maybe to another. */
  constructor(places: RemotePlaces, connected: () => void) {
    this.#places = places
    const { farm, inbox, insecure, security, log } = places
    this.#inbox = new ZMQPull(`@${inbox}`, {
      ...{ codec: 'frames', receiveHighWaterMark: 0, ...INBOX_LIMITS, insecure, security, log },
    })
    this.#sink = new ZMQPush(undefined, {
      codec: 'frames',
      sendHighWaterMark: 0,
      lingerMs: LINGER_MS,
      reconnectIntervalMs: 100,
      heartbeatIntervalMs: HEARTBEAT_MS,
      heartbeatTimeoutMs: HEARTBEAT_TIMEOUT_MS,
      ...{ security, log },
    })
    void this.#watch(new ZMQMonitor(this.#sink), connected)
    this.#sink.connect(farm).catch((error: unknown) => log.warn({ err: errorData(error) }, 'the farm was not dialled'))
  }

  get isConnected(): boolean {
    return this.wasConnected && this.lostSinceMs === undefined
  }

  /** Why the two do not let each other in, once that is plain. */
  get refusal(): HandshakeFailure | undefined {
    const isPlain = this.handshakeFailure !== 'other' || isRefusal(this.#closings)
    return isPlain ? this.handshakeFailure : undefined
  }

  async inbox(): Promise<string> {
    return advertised(await this.#inbox.endpoint(), this.#places.advertise)
  }

  async read(came: (parts: Parts) => void): Promise<void> {
    for await (const parts of this.#inbox) came(parts)
  }

  send(parts: Parts): Promise<void> {
    return this.#sink.send(parts)
  }

  async close(): Promise<void> {
    await this.#inbox.close()
    await this.#sink.close()
  }

  #failed(reason: HandshakeFailure): void {
    // Who closes a connection without security is no farm, and one that is full closes it late.
    const isHeld = performance.now() - this.#connectedMs >= HELD_MS
    if (reason === 'other' && (this.#places.security === undefined || isHeld)) return
    this.handshakeFailure = reason
    if (reason === 'other') this.#closings++
  }

  async #watch(monitor: ZMQMonitor, connected: () => void): Promise<void> {
    try {
      for await (const event of monitor) {
        const { type } = event
        if (type === 'connected') this.#connectedMs = performance.now()
        if (type === 'handshake_failed') this.#failed(event.reason)
        if (type === 'disconnected') this.lostSinceMs ??= performance.now()
        if (type !== 'handshake_succeeded') continue
        this.wasConnected = true
        this.handshakeFailure = undefined
        this.#closings = 0
        this.lostSinceMs = undefined
        connected()
      }
    } catch (error) {
      this.#places.log.debug({ err: errorData(error) }, 'the farm is not watched any more')
    }
  }
}
