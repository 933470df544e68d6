/**
 * Watches what happens to a socket's connections (czmq's zmonitor). For tcp and ipc: inproc has no events.
 */
import { type Deferred, deferred } from '../deferred.js'
import { TroupeError } from '../errors.js'
import { listen, type MonitorEvent } from './event-feed.js'
import { heartOf, type ZMQSocket } from './socket.js'

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
    listen(raw, {
      happened: (event) => this.#keep(event),
      ended: (error) => {
        this.#error = error
        this.close()
      },
    })
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

  #keep(event: MonitorEvent): void {
    if (this.#ended) return
    if (this.#kept.length === MAX_KEPT) {
      this.#kept.shift()
      this.#dropped++
    }
    this.#kept.push(event)
    this.#news.resolve()
    this.#news = deferred()
  }
}
