/**
 * The sending half of a socket and its send queue. libzmq takes one send at a time, so what cannot be taken at once
 * waits here, in order.
 */
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises'
import { assertWaitOptions, type Waiter, type WaitOptions, waiting } from '../deadline.js'
import { AbortedError, ClosedError, TroupeError } from '../errors.js'
import type { Frames } from '../message/codec.js'
import { type Format, MessageFormat } from '../message/schema.js'
import { codeOf, isTimedOut, quietly, type RawSender, SOCKET_KINDS } from './raw.js'
import { assertNotTaken, heartOf, type SocketHeart, type ZMQSocket } from './socket.js'

/** After how many ms a message is tried again for which a subscriber had no room. */
const FULL_AGAIN_MS = 2

/**
 * After how many sends in a row that cannot wait the event loop has a turn. zeromq.js gives it one by itself where a send
 * can wait.
 */
const IN_A_ROW = 512

interface Message {
  readonly frames: Frames
  /** How many it is for the statistics, if it is a pack. */
  readonly count?: number
}

interface Queued extends Message {
  readonly waiter: Waiter<void>
  /** Why its sender no longer waits, when libzmq was being given it at that time. */
  givenUp?: Error
}

/** A message was not taken, by which socket, and why. */
interface Refused {
  readonly raw: RawSender
  readonly cause: unknown
}

export interface SenderParts {
  /** Is told of each message when libzmq is given it, again if it is given again. */
  readonly onGiven?: ((frames: Frames) => void) | undefined
}

const senders = new WeakMap<ZMQSocket, Sender<unknown>>()

/** The sending half of a socket, if it has one. */
export const senderOf = (socket: ZMQSocket): Sender<unknown> | undefined => senders.get(socket)

export class Sender<Value> {
  readonly #heart: SocketHeart<RawSender>
  readonly #format: Format
  readonly #onGiven: SenderParts['onGiven']
  #queue: Queued[] = []
  #sending = false
  /** What libzmq is being given, by the way of nearly every message, and which of its sockets. */
  #given: Frames | undefined
  #givenTo: RawSender | undefined
  readonly #neverWaits: boolean
  #inARow = 0

  /** `format` is by default what the schema and the codec of the socket's options say. */
  constructor(socket: ZMQSocket, format?: Format, { onGiven }: SenderParts = {}) {
    this.#heart = heartOf(socket) as SocketHeart<RawSender>
    this.#format = format ?? new MessageFormat(this.#heart.options)
    this.#neverWaits = SOCKET_KINDS[this.#heart.kind].whenFull !== 'wait'
    this.#onGiven = onGiven
    senders.set(socket, this as Sender<unknown>)
    void this.#heart.lifecycle.finished().then(() => this.#refuseQueued())
  }

  /** How many sends wait. */
  get waiting(): number {
    return this.#queue.length + (this.#sending ? 1 : 0)
  }

  /** Resolves when libzmq has accepted the message. See the classes of the patterns for what it does when it cannot. */
  send(value: Value, options?: WaitOptions): Promise<void> {
    let frames: Frames
    try {
      assertNotTaken(this.#heart)
      frames = this.#format.encode(value)
    } catch (error) {
      return Promise.reject(error)
    }
    return this.forward(frames, options)
  }

  /** Sends frames as they are. For what has taken the socket for itself. */
  forward(frames: Frames, options?: WaitOptions): Promise<void> {
    if (this.#sending || this.#heart.lifecycle.state !== 'running' || (options !== undefined && !isPlain(options))) {
      return this.#enqueue({ frames }, options ?? {})
    }
    // The way of nearly every message: one promise more than libzmq's own.
    this.#sending = true
    this.#given = frames
    this.#givenTo = this.#heart.raw
    try {
      this.#onGiven?.(frames)
      return this.#givenTo.send(frames).then(this.#taken, this.#notTaken)
    } catch (cause) {
      return this.#notTaken(cause)
    }
  }

  readonly #taken = (): Promise<void> | undefined => {
    this.#heart.stats.sent++
    this.#next()
    return this.#owesTurn() ? nextTurn() : undefined
  }

  readonly #notTaken = async (cause: unknown): Promise<void> => {
    try {
      await this.#give({ frames: this.#given! }, { raw: this.#givenTo!, cause })
    } finally {
      this.#next()
    }
  }

  #next(): void {
    this.#sending = false
    if (this.#queue.length > 0) this.#drain()
  }

  /** Sends messages in order; resolves when libzmq has accepted all. When one is rejected, so is this, at its end. */
  async sendMany(values: readonly Value[], options: WaitOptions = {}): Promise<void> {
    const sent = await Promise.allSettled(values.map((value) => this.send(value, options)))
    for (const one of sent) if (one.status === 'rejected') throw one.reason
  }

  /** Sends so many messages in one frame. */
  sendPack(frames: Frames, count: number): Promise<void> {
    return this.#enqueue({ frames, count }, {})
  }

  async #enqueue(message: Message, options: WaitOptions): Promise<void> {
    const { lifecycle, what } = this.#heart
    const doing = `a send on the ${what}`
    assertWaitOptions(options, doing)
    if (options.signal?.aborted) throw new AbortedError(doing, options.signal.reason)
    if (lifecycle.state !== 'starting' && lifecycle.state !== 'running') throw this.#closedError()
    const limit = this.#heart.options.sendQueueLimit ?? Number.POSITIVE_INFINITY
    if (this.#queue.length >= limit) {
      throw new TroupeError(
        'QUEUE_FULL',
        `${limit} sends wait on the ${what}: await them before more, or raise sendQueueLimit`,
        { retryable: true },
      )
    }
    await waiting<void>(doing, options, (waiter) => {
      const queued: Queued = { ...message, waiter }
      this.#queue.push(queued)
      this.#drain()
      return {
        cancel: (reason) => {
          const place = this.#queue.indexOf(queued)
          if (place >= 0) return this.#queue.splice(place, 1)
          queued.givenUp = reason
          return false
        },
      }
    })
  }

  #drain(): void {
    if (this.#sending) return
    this.#sending = true
    void this.#sendQueued()
  }

  async #sendQueued(): Promise<void> {
    try {
      await this.#heart.lifecycle.running()
    } catch (error) {
      for (const { waiter } of this.#queue.splice(0)) waiter.reject(error)
    }
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      try {
        await this.#give(next)
        next.waiter.resolve()
      } catch (error) {
        next.waiter.reject(error)
      }
    }
    this.#sending = false
  }

  /**
   * Gives libzmq a message, as soon as it takes it, unless its sender has given up before. `refused` is what has come of
   * it so far.
   */
  async #give(message: Message & Pick<Queued, 'givenUp'>, refused?: Refused): Promise<void> {
    if (refused !== undefined && (await this.#settledBy(refused, message, true))) return
    for (let isFirst = refused === undefined; ; isFirst = false) {
      if (this.#owesTurn()) await nextTurn()
      const { raw, stats } = this.#heart
      try {
        this.#onGiven?.(message.frames)
        await raw.send(message.frames)
        stats.sent += message.count ?? 1
        return
      } catch (cause) {
        if (await this.#settledBy({ raw, cause }, message, isFirst)) return
      }
    }
  }

  /** libzmq has not taken a message. Returns whether that is the end of it; else it is tried again. */
  async #settledBy(
    { raw, cause }: Refused,
    message: Message & Pick<Queued, 'givenUp'>,
    isFirst: boolean,
  ): Promise<boolean> {
    // One that was reopened meanwhile has not sent it.
    const reopened = raw !== this.#heart.raw
    if (!reopened) this.#assertRefused(cause)
    if (message.givenUp !== undefined) throw message.givenUp
    return !reopened && (await this.#refused(message, cause, isFirst))
  }

  /** Throws what a send failed with, unless it is that a peer has no room or, of a router, is not there. */
  #assertRefused(cause: unknown): void {
    const isRefusal = isTimedOut(cause) || (this.#neverWaits && codeOf(cause) === 'EHOSTUNREACH')
    if (this.#heart.raw.closed || !isRefusal) throw this.#failure(cause)
  }

  /** Whether the event loop is to have a turn before the next send. */
  #owesTurn(): boolean {
    return this.#neverWaits && ++this.#inARow % IN_A_ROW === 0
  }

  /** A peer has no room for a message, or is not there. Returns whether it is dealt with; else it is tried again. */
  async #refused({ frames, count = 1 }: Message, cause: unknown, isFirst: boolean): Promise<boolean> {
    const { kind, options, raw } = this.#heart
    const { whenFull } = SOCKET_KINDS[kind]
    if (whenFull === 'wait') return false
    if (isFirst) {
      // While it sends, libzmq looks only now and then at what its peers tell, as that they have room again: now it does.
      void raw.writable
      return false
    }
    if (whenFull === 'refuse') {
      if (options.mandatory === true) throw this.#failure(cause)
    } else if (options.noDrop === true) {
      // libzmq does not tell when there is room again.
      await delay(FULL_AGAIN_MS)
      return false
    } else await sendDropping(raw, frames)
    this.#heart.stats.sent += count
    this.#heart.stats.dropped += count
    return true
  }

  #refuseQueued(): void {
    for (const { waiter } of this.#queue.splice(0)) waiter.reject(this.#closedError())
  }

  /** What ended the socket, if it did not open. */
  #closedError(): unknown {
    const { lifecycle, what } = this.#heart
    return lifecycle.error ?? new ClosedError(`the ${what}`)
  }

  #failure(cause: unknown): TroupeError {
    const { lifecycle, what, raw } = this.#heart
    // A close and a time-out have the same code in zeromq.js, EAGAIN: the lifecycle knows which it was.
    if (raw.closed || lifecycle.state !== 'running') return new ClosedError(`the ${what}`)
    if (isTimedOut(cause)) {
      const why = `its peer takes no more for now on the ${what}: it has not read what it was sent`
      return new TroupeError('QUEUE_FULL', `a message was not sent, ${why}`, { cause, retryable: true })
    }
    if (codeOf(cause) === 'EHOSTUNREACH') {
      const why = 'no peer has the routing id that it is for'
      return new TroupeError('UNROUTABLE', `a message was not sent on the ${what}: ${why}`, { cause, retryable: true })
    }
    const why = cause instanceof Error ? cause.message : String(cause)
    return new TroupeError('SOCKET_FAILED', `a send on the ${what} failed: ${why}`, { cause })
  }
}

/** Sends a message to those subscribers that have room for it. */
const sendDropping = (raw: RawSender, frames: Frames): Promise<void> =>
  quietly(() => {
    raw.noDrop = false
    const sending = raw.send(frames)
    raw.noDrop = true
    return sending
  })

const isPlain = ({ signal, timeoutMs }: WaitOptions) =>
  signal === undefined && (timeoutMs === undefined || timeoutMs === 0)
