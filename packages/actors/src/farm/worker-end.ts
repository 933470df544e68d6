/**
 * A worker's end of the channel to its farm: through sockets, or through the port of its thread.
 */
import type { MessagePort } from 'node:worker_threads'
import { ZMQPull, ZMQPush } from '@troupe/push-pull'
import type { Parts } from './parts.js'
import { postParts, readPort } from './port.js'

export interface WorkerEnd {
  /** Whether anybody is there who takes what is sent. Default: yes. */
  readonly isConnected?: boolean
  /** Where it listens; undefined if the farm needs no address for it. */
  inbox(): Promise<string | undefined>
  send(parts: Parts): Promise<void>
  /** Calls `came` with each message of the farm; resolves when there will be none. */
  read(came: (parts: Parts) => void): Promise<void>
  close(): Promise<void>
}

/** Where the two sockets of a worker are. */
export interface SocketPlaces {
  /** Where the farm listens. */
  readonly sink: string
  /** Where the worker is to listen. */
  readonly inbox: string
}

/** The end of a worker by what it was given. It ends when `signal` aborts. */
export const workerEnd = (way: SocketPlaces | MessagePort, signal: AbortSignal): WorkerEnd =>
  'sink' in way ? new WorkerSockets(way, signal) : new WorkerPort(way, signal)

class WorkerSockets implements WorkerEnd {
  readonly #inbox: ZMQPull<{ codec: 'frames' }>
  readonly #sink: ZMQPush<{ codec: 'frames' }>
  readonly #signal: AbortSignal
  readonly #stop = () => void this.#inbox.close()

  constructor({ inbox, sink }: SocketPlaces, signal: AbortSignal) {
    this.#inbox = new ZMQPull(`@${inbox}`, { codec: 'frames', receiveHighWaterMark: 0 })
    this.#sink = new ZMQPush(`>${sink}`, { codec: 'frames', sendHighWaterMark: 0 })
    this.#signal = signal
    signal.addEventListener('abort', this.#stop)
  }

  inbox(): Promise<string> {
    return this.#inbox.endpoint()
  }

  async read(came: (parts: Parts) => void): Promise<void> {
    if (!this.#signal.aborted) for await (const parts of this.#inbox) came(parts)
  }

  send(parts: Parts): Promise<void> {
    return this.#sink.send(parts)
  }

  async close(): Promise<void> {
    this.#signal.removeEventListener('abort', this.#stop)
    await this.#inbox.close()
    await this.#sink.close()
  }
}

class WorkerPort implements WorkerEnd {
  readonly #port: MessagePort
  readonly #signal: AbortSignal

  constructor(port: MessagePort, signal: AbortSignal) {
    this.#port = port
    this.#signal = signal
  }

  async inbox(): Promise<undefined> {}

  async read(came: (parts: Parts) => void): Promise<void> {
    if (this.#signal.aborted) return
    readPort(this.#port, (parts) => {
      if (!this.#signal.aborted) came(parts)
    })
    await new Promise((resolve) => this.#signal.addEventListener('abort', resolve))
  }

  async send(parts: Parts): Promise<void> {
    postParts(this.#port, parts)
  }

  async close(): Promise<void> {
    this.#port.close()
  }
}
