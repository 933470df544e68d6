/**
 * Watches what happens to a socket's connections (czmq's zmonitor). For tcp and ipc: inproc has no events.
 */
import type { Event, Observer } from 'zeromq'
import { type Deferred, deferred } from '../deferred.js'
import { TroupeError } from '../errors.js'
import { codeOf, type RawSocket } from './raw.js'
import { heartOf, type ZMQSocket } from './socket.js'

/** What can happen to a connection, by libzmq's names. */
export type MonitorEvent =
  | {
      readonly type: 'listening' | 'accepted' | 'connected' | 'connect_delayed' | 'disconnected' | 'closed'
      readonly address: string
    }
  | { readonly type: 'handshake_succeeded'; readonly address: string }
  | { readonly type: 'connect_retried'; readonly address: string; readonly intervalMs: number }
  | {
      readonly type: 'bind_failed' | 'accept_failed' | 'close_failed'
      readonly address: string
      readonly error: Error
    }
  | {
      readonly type: 'handshake_failed'
      readonly address: string
      /**
       * `auth`: one of the two refused the other, `error.status` is what its ZAP handler said. `protocol`: the peer has
       * another mechanism or breaks ZMTP, `error.code` says how. `other`: it went away meanwhile, or took too long.
       */
      readonly reason: HandshakeFailure
      readonly error: Error & { readonly code?: string; readonly status?: number }
    }

/** Why a handshake failed. */
export type HandshakeFailure = 'auth' | 'protocol' | 'other'

const TYPES = {
  accept: 'accepted',
  'accept:error': 'accept_failed',
  bind: 'listening',
  'bind:error': 'bind_failed',
  connect: 'connected',
  'connect:delay': 'connect_delayed',
  'connect:retry': 'connect_retried',
  close: 'closed',
  'close:error': 'close_failed',
  disconnect: 'disconnected',
  handshake: 'handshake_succeeded',
  'handshake:error:protocol': 'handshake_failed',
  'handshake:error:auth': 'handshake_failed',
  'handshake:error:other': 'handshake_failed',
} as const

/** How often it is made again when a signal interrupts it. */
const INTERRUPTIONS = 100
/** How many events are kept for whoever iterates. */
const MAX_KEPT = 1_000

const watched = new WeakSet<ZMQSocket>()

/**
 * The events of one socket, in order, from the moment it is made until it or the socket is closed. It keeps up to 1,000
 * that were not yet read, then drops the oldest. One monitor to a socket. Like a `receive` that waits, it keeps the
 * process alive until the socket is closed.
 *
 * Endpoints of the socket's constructor may be bound and connected before its monitor is made: to see all, make the
 * socket without one, then its monitor, then `bind` or `connect`.
 * @example
 * await using push = new ZMQPush()
 * using monitor = new ZMQMonitor(push)
 * await push.connect('tcp://127.0.0.1:5555')
 * for await (const event of monitor) console.log(event.type, event.address)
 */
export class ZMQMonitor implements Disposable {
  readonly #kept: MonitorEvent[] = []
  #dropped = 0
  #ended = false
  #error: unknown
  #news: Deferred<void> = deferred()

  /** @throws {TroupeError} `SOCKET_FAILED` if the socket has had a monitor */
  constructor(socket: ZMQSocket) {
    const { raw, what } = heartOf(socket)
    if (watched.has(socket)) throw new TroupeError('SOCKET_FAILED', `the ${what} has had a monitor already`)
    watched.add(socket)
    if (raw.closed) this.close()
    else void this.#read(raw)
  }

  /** How many events were dropped, because nobody read them in time. */
  get dropped(): number {
    return this.#dropped
  }

  /** Ends the iteration, after the events that it holds. Idempotent. */
  close(): void {
    this.#ended = true
    this.#news.resolve()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<MonitorEvent, void, undefined> {
    for (;;) {
      const event = this.#kept.shift()
      if (event !== undefined) yield event
      else if (this.#error !== undefined) throw this.#error
      else if (this.#ended) return
      else await this.#news.promise
    }
  }

  /** Reads until the socket is closed, in any case: libzmq's I/O thread waits for a monitor that does not read. */
  async #read(raw: RawSocket): Promise<void> {
    let events: Observer | undefined
    try {
      events = observerOf(raw)
      for (;;) {
        const event = (await events.receive()) as Event | undefined
        if (event === undefined || event.type === 'end') break
        if (!this.#ended) this.#keep(event)
      }
    } catch (cause) {
      if (events?.closed !== true)
        this.#error = new TroupeError('SOCKET_FAILED', 'a monitor cannot read events', { cause })
    }
    this.close()
  }

  #keep(event: Event): void {
    const typed = typedEvent(event)
    if (typed === undefined) return
    if (this.#kept.length === MAX_KEPT) {
      this.#kept.shift()
      this.#dropped++
    }
    this.#kept.push(typed)
    this.#news.resolve()
    this.#news = deferred()
  }
}

/** A signal that comes while it is made (a profiler's) interrupts it. */
function observerOf(raw: RawSocket): Observer {
  for (let left = INTERRUPTIONS; ; left--) {
    try {
      return raw.events
    } catch (error) {
      if (codeOf(error) !== 'EINTR' || left === 0) throw error
    }
  }
}

function typedEvent(event: Event): MonitorEvent | undefined {
  if (!(event.type in TYPES)) return undefined
  const type = TYPES[event.type as keyof typeof TYPES]
  const reason = /^handshake:error:(.*)$/.exec(event.type)?.[1]
  const { address = '', interval, error } = event as { address?: string; interval?: number; error?: Error }
  return {
    type,
    address,
    ...(interval !== undefined && { intervalMs: interval }),
    ...(reason !== undefined && { reason }),
    ...(error !== undefined && { error }),
  } as MonitorEvent
}
