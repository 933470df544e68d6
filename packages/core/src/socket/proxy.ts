/**
 * Forwards messages between two sockets as they are (czmq's zproxy).
 */
import { z } from 'zod'
import { type Deferred, deferred } from '../deferred.js'
import { ClosedError, InvalidOptionsError, TroupeError } from '../errors.js'
import { Lifecycle, type LifecycleState } from '../lifecycle/lifecycle.js'
import { parseOptions } from '../options.js'
import { type Receiver, receiverOf } from './receiver.js'
import { type Sender, senderOf } from './sender.js'
import { heartOf, ZMQSocket } from './socket.js'

const socket = z.custom<ZMQSocket>((value) => value instanceof ZMQSocket, 'must be a socket')

export const ProxyOptions = z.strictObject({
  /** Where clients are. */
  frontend: socket,
  /** Where those are that serve them. */
  backend: socket,
  /** Gets a copy of every message, both ways: a push, a pair or a publisher. Default: none. */
  capture: socket.optional(),
})
export type ProxyOptions = z.input<typeof ProxyOptions>

/** What went one way. */
export interface ProxyTraffic {
  readonly messages: number
  /** Of all their frames. */
  readonly bytes: number
  /** Messages that the other side refused: a router that is `mandatory`, say. */
  readonly dropped: number
}

export interface ProxyStats {
  readonly toBackend: ProxyTraffic
  readonly toFrontend: ProxyTraffic
}

/** One direction of a proxy. */
interface Way {
  readonly from: Receiver<unknown>
  readonly to: Sender<unknown>
  /** How long what it has read may still be sent when the proxy ends, in ms; -1 for ever. */
  readonly lingerMs: number
  readonly traffic: { -readonly [Key in keyof ProxyTraffic]: ProxyTraffic[Key] }
  /** What it reads, while it does. */
  reading: Promise<unknown> | undefined
}

/**
 * Forwards whole messages between two sockets, each way that they can receive and send: router and dealer, xsub and
 * xpub, pull and push. It starts by itself. The sockets are its own from then on: it closes them when it ends, and their
 * own `send` and `receive` are rejected. Messages go on frame by frame as they came; schemas and codecs are not asked.
 *
 * It reads no message before it has sent on the last: where one side has no room, the other waits, as it does when
 * `capture` has none.
 * @example
 * await using proxy = new ZMQProxy({
 *   frontend: new ZMQRouter('tcp://127.0.0.1:5555'),
 *   backend: new ZMQDealer('@tcp://127.0.0.1:5556'),
 * })
 * await proxy.done
 */
export class ZMQProxy implements AsyncDisposable {
  readonly #lifecycle: Lifecycle
  readonly #sockets: readonly ZMQSocket[]
  readonly #capture: Sender<unknown> | undefined
  readonly #toBackend: Way | undefined
  readonly #toFrontend: Way | undefined
  readonly #running: Promise<void>[] = []
  #paused: Deferred<void> | undefined

  /** Resolves when it was closed; rejects with what has ended it else: `CLOSED` if one of its sockets was closed. */
  readonly done: Promise<void>

  /**
   * @throws {InvalidOptionsError} `INVALID_OPTIONS` for sockets between which nothing can go
   * @throws {TroupeError} `SOCKET_FAILED` for a socket that is another proxy's, or on which a receive waits
   */
  constructor(options: ProxyOptions) {
    const { frontend, backend, capture } = parseOptions(ProxyOptions, options, 'a proxy')
    this.#toBackend = wayOf(frontend, backend)
    this.#toFrontend = wayOf(backend, frontend)
    this.#capture = capture && senderOf(capture)
    this.#sockets = [frontend, backend, ...(capture ? [capture] : [])]
    this.#assertUsable(capture)
    for (const one of this.#sockets) heartOf(one).takenBy = 'a proxy'
    this.#lifecycle = new Lifecycle({ what: 'the proxy', open: () => this.#open(), close: () => this.#close() })
    this.done = this.#finished()
    // Whoever asks is told; a proxy that nobody asks must not end the process.
    this.done.catch(() => undefined)
    this.#lifecycle.start().catch(() => undefined)
  }

  get state(): LifecycleState {
    return this.#lifecycle.state
  }

  /** What it has forwarded since it was made. */
  stats(): ProxyStats {
    const none = { messages: 0, bytes: 0, dropped: 0 }
    return {
      toBackend: { ...(this.#toBackend?.traffic ?? none) },
      toFrontend: { ...(this.#toFrontend?.traffic ?? none) },
    }
  }

  /**
   * Stops reading: what comes waits in the queues of the sockets. Resolves when nothing is read any more; what it has
   * read before is still sent. Idempotent.
   * @throws {ClosedError} `CLOSED`
   */
  async pause(): Promise<void> {
    this.#assertOpen()
    this.#paused ??= deferred()
    await Promise.allSettled(this.#ways.map(({ reading }) => reading))
  }

  /**
   * Reads on. Idempotent.
   * @throws {ClosedError} `CLOSED`
   */
  resume(): void {
    this.#assertOpen()
    this.#paused?.resolve()
    this.#paused = undefined
  }

  /**
   * Ends the forwarding and closes the sockets. A message that it has read is sent first, for as long as the `lingerMs`
   * of the socket that it goes to. Idempotent.
   */
  async close(): Promise<void> {
    await this.#lifecycle.stop()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  get #ways(): Way[] {
    return [this.#toBackend, this.#toFrontend].filter((way) => way !== undefined)
  }

  #assertUsable(capture: ZMQSocket | undefined): void {
    const wrong = (path: string, message: string) => new InvalidOptionsError('a proxy', [{ path, message }])
    if (new Set(this.#sockets).size < this.#sockets.length) throw wrong('', 'each socket must be another')
    if (this.#ways.length === 0) throw wrong('backend', 'must send what the frontend receives, or the contrary')
    if (capture !== undefined && this.#capture === undefined) throw wrong('capture', 'must be a socket that sends')
    for (const one of this.#sockets) {
      const { what, takenBy } = heartOf(one)
      if (takenBy !== undefined) throw new TroupeError('SOCKET_FAILED', `the ${what} belongs to ${takenBy} already`)
      if (!receiverOf(one)?.busy) continue
      throw new TroupeError(
        'SOCKET_FAILED',
        `a proxy cannot have the ${what}: a receive on it reads, or has read ahead`,
      )
    }
  }

  get #isOpen(): boolean {
    const { state } = this.#lifecycle
    return state === 'starting' || state === 'running'
  }

  #assertOpen(): void {
    if (!this.#isOpen) throw new ClosedError('the proxy')
  }

  async #open(): Promise<void> {
    await Promise.all(this.#sockets.map((one) => one.ready()))
    for (const way of this.#ways) {
      const running = this.#forward(way).catch((error: unknown) => {
        if (this.#isOpen) this.#lifecycle.fail(error)
      })
      this.#running.push(running)
    }
  }

  async #close(): Promise<void> {
    this.#paused?.resolve()
    await Promise.all(this.#ways.map(({ lingerMs }, index) => atMost(lingerMs, this.#running[index])))
    await Promise.all(this.#sockets.map((one) => one.close()))
    await Promise.all(this.#running)
  }

  async #finished(): Promise<void> {
    if ((await this.#lifecycle.finished()) === 'failed') throw this.#lifecycle.error
  }

  async #forward(way: Way): Promise<void> {
    for (;;) {
      if (this.#paused !== undefined) await this.#paused.promise
      if (!this.#isOpen) return
      const reading = way.from.frames()
      way.reading = reading
      const frames = await reading
      way.reading = undefined
      if (frames !== undefined) await this.#send(way, frames)
    }
  }

  async #send(way: Way, frames: Uint8Array[]): Promise<void> {
    const sending = this.#sendOn(way, frames)
    if (this.#capture === undefined) await sending
    else await Promise.all([sending, this.#capture.forward(frames)])
  }

  async #sendOn(way: Way, frames: Uint8Array[]): Promise<void> {
    try {
      await way.to.forward(frames)
      way.traffic.messages++
      for (const { length } of frames) way.traffic.bytes += length
    } catch (error) {
      // It was refused, or the time that is left for it at the end is over.
      if (!isRefusal(error) && this.#isOpen) throw error
      way.traffic.dropped++
    }
  }
}

const isRefusal = (error: unknown) =>
  error instanceof TroupeError && (error.code === 'UNROUTABLE' || error.code === 'QUEUE_FULL')

function wayOf(source: ZMQSocket, target: ZMQSocket): Way | undefined {
  const [from, to] = [receiverOf(source), senderOf(target)]
  if (from === undefined || to === undefined) return undefined
  const { lingerMs } = heartOf(target).options
  return { from, to, lingerMs, traffic: { messages: 0, bytes: 0, dropped: 0 }, reading: undefined }
}

/** Waits for a promise that never rejects, but not longer than so many ms; -1 for ever. */
async function atMost(ms: number, promise: Promise<void> | undefined): Promise<void> {
  if (ms < 0) return promise
  let timer: NodeJS.Timeout | undefined
  const time = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms)
  })
  await Promise.race([promise, time])
  clearTimeout(timer)
}
