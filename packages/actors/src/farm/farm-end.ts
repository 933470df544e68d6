/**
 * The farm's end of the channel to one incarnation of a worker: through sockets, or through the port of a thread.
 */
import { once } from 'node:events'
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import {
  type Clock,
  type CurveSecurity,
  errorData,
  isLocalAddress,
  type Logger,
  type PrivateEndpoint,
  privateEndpoint,
  ZMQMonitor,
} from '@troupe/core'
import { ZMQPush } from '@troupe/push-pull'
import { ownedParts } from './binary-parts.js'
import type { Parts } from './parts.js'
import { postParts, readPort } from './port.js'
import { numbered } from './remote/route.js'

/** How long after a worker's end what it had sent through sockets may still arrive, in ms. */
const LAST_WORDS_MS = 15

/** How soon and how often a lost connection is made again, in ms: libzmq adds up to as much by chance. */
const RECONNECT_EVERY_MS = 10

export interface FarmEnd {
  /** Where the worker is to listen; undefined if it need not. */
  readonly inbox: string | undefined
  /** The worker's end, which goes to its thread with its start. */
  readonly port: MessagePort | undefined
  /** Whether it was ever connected to the worker. */
  readonly isReached: boolean
  /** Since when the connection to the worker is lost, if it is. */
  readonly lostSinceMs: number | undefined
  /** The worker says where it listens. False if it cannot be reached there. */
  open(inbox: string | undefined): boolean
  send(parts: Parts): void
  /** Resolves when what a worker that has ended had sent has come. */
  lastWords(): Promise<void>
  close(): Promise<void>
}

export interface SocketTerms {
  readonly transport: 'inproc' | 'ipc' | 'tcp'
  readonly incarnation: string
  /** Where a worker listens that was started elsewhere. */
  readonly inbox?: string
  /** How long what was sent last may take to leave after the end, in ms. Default: not at all. */
  readonly lingerMs?: number
  readonly heartbeatMs: number
  readonly livenessMs: number
  readonly clock: Clock
  readonly log: Logger
  /** By which the worker is dialled. Default: without. */
  readonly security?: CurveSecurity | undefined
  /** The connection is lost, and nobody listens where the worker did; or who listens there is not the one that was expected. */
  refused?(why: string): void
}

/** A PUSH to the worker's inbox. What the worker says comes to the sink, which all workers share. */
export class SocketEnd implements FarmEnd {
  readonly inbox: string
  readonly port = undefined
  isReached = false
  lostSinceMs: number | undefined
  readonly #terms: SocketTerms
  readonly #place: PrivateEndpoint | undefined
  #socket: ZMQPush<{ codec: 'frames' }> | undefined

  constructor(terms: SocketTerms) {
    this.#terms = terms
    const { transport, incarnation, inbox } = terms
    this.#place = transport === 'ipc' && inbox === undefined ? privateEndpoint() : undefined
    const elsewhere = transport === 'inproc' ? `inproc://troupe-worker-${incarnation}` : 'tcp://127.0.0.1:*'
    this.inbox = inbox ?? this.#place?.endpoint ?? elsewhere
  }

  open(inbox: string | undefined): boolean {
    // A worker that was started here is here; one that was let in was looked at before, and does not move.
    if (inbox === undefined || (this.#terms.inbox === undefined ? !isLocalAddress(inbox) : inbox !== this.inbox))
      return false
    if (this.#socket === undefined) this.#dial(inbox)
    return true
  }

  send(parts: Parts): void {
    const own = this.#terms.transport === 'inproc' ? ownedParts(parts) : parts
    this.#socket?.send(own).catch(unsent(this.#terms.log))
  }

  lastWords(): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, LAST_WORDS_MS))
  }

  async close(): Promise<void> {
    await this.#socket?.close()
    this.#place?.[Symbol.dispose]()
  }

  #dial(inbox: string): void {
    const { heartbeatMs, livenessMs, transport, lingerMs = 0, security, log } = this.#terms
    // A worker in this process has no connection that could be lost.
    const inline = transport === 'inproc'
    const socket = new ZMQPush(undefined, {
      codec: 'frames',
      // What is queued here is bounded by the window of the worker.
      sendHighWaterMark: 0,
      lingerMs,
      reconnectIntervalMs: RECONNECT_EVERY_MS,
      // The I/O thread answers these, so a worker that computes is never taken for a dead one.
      ...(!inline && { heartbeatIntervalMs: heartbeatMs, heartbeatTimeoutMs: Math.max(10, livenessMs - heartbeatMs) }),
      ...{ security, log },
    })
    this.#socket = socket
    // Before it connects, so that the connection is seen.
    if (!inline) void this.#watch(new ZMQMonitor(socket))
    const failed = (error: unknown) => log.debug({ err: errorData(error), inbox }, 'a worker was not dialled')
    numbered(inbox)
      .then((address) => socket.connect(address))
      .catch(failed)
  }

  async #watch(monitor: ZMQMonitor): Promise<void> {
    try {
      for await (const event of monitor) {
        const { type } = event
        // libzmq does not try again.
        if (type === 'handshake_failed' && event.reason !== 'other') {
          this.#terms.refused?.(`its inbox and the farm do not let each other in: ${event.error.message}`)
        }
        if (type === 'handshake_succeeded') {
          this.isReached = true
          this.lostSinceMs = undefined
        }
        // Of a try to connect again: what has been closed is what came to nothing.
        if (type === 'closed' && this.lostSinceMs !== undefined)
          this.#terms.refused?.('nobody listens at its inbox any more')
        if (type === 'disconnected') this.lostSinceMs ??= this.#terms.clock.now()
      }
    } catch (error) {
      this.#terms.log.debug({ err: errorData(error) }, 'a worker is not watched any more')
    }
  }
}

/**
 * A port to the worker's thread: a thread must not have sockets, for one that waits takes the process with it when the
 * thread ends. A thread cannot be lost without its end being known, so nothing is watched.
 */
export class PortEnd implements FarmEnd {
  readonly inbox = undefined
  readonly isReached = true
  readonly lostSinceMs = undefined
  readonly port: MessagePort
  readonly #own: MessagePort
  /** What was posted before the thread's end comes before this. */
  readonly #closed: Promise<unknown>

  constructor(came: (parts: Parts) => void) {
    const { port1, port2 } = new MessageChannel()
    this.#own = port1
    this.port = port2
    this.#closed = once(port1, 'close')
    readPort(port1, came)
  }

  open(): boolean {
    return true
  }

  send(parts: Parts): void {
    postParts(this.#own, parts)
  }

  async lastWords(): Promise<void> {
    await this.#closed
  }

  async close(): Promise<void> {
    this.#own.close()
  }
}

const unsent = (log: Logger) => (error: unknown) => log.debug({ err: errorData(error) }, 'a frame was not sent')
