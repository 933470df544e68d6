/**
 * The receiving half of a socket. zeromq.js takes one receive at a time and cannot cancel it: so one reader reads for
 * all that wait, in the order in which they asked, and what comes after its receiver gave up goes to the next.
 */
import { type Waiter, type WaitOptions, waiting } from '../deadline.js'
import { ClosedError, TroupeError } from '../errors.js'
import { type Came, type Format, MessageFormat, NOTHING } from '../message/schema.js'
import { isTimedOut, LONGEST_RECEIVE_MS, type RawReceiver, RECEIVE_AGAIN_MS } from './raw.js'
import { assertNotTaken, heartOf, type SocketHeart, type ZMQSocket } from './socket.js'

/** Invalid messages are logged once in this time, with how many there were, in ms. */
const LOG_EVERY_MS = 1_000

/** How often libzmq gets a turn while nobody receives, in ms. */
const ATTEND_EVERY_MS = 100

/** So much of what was taken may stand before what is kept. */
const MOST_TAKEN = 1_024

export interface ReceiverParts {
  readonly format?: Format | undefined
  readonly onInvalid?: 'skip' | 'throw' | undefined
  /** Reads though nobody receives, and keeps so many of what comes for whoever does: the newest. */
  readonly keep?: number | undefined
  /**
   * While nobody receives, libzmq still gets its turn, ten times a second. Without one a subscriber does not subscribe
   * again at a publisher that has come back.
   */
  readonly attentive?: boolean | undefined
  /** Reads one message each time it is allowed to, of a socket that refuses to be read out of its turn. */
  readonly inTurns?: boolean | undefined
}

const receivers = new WeakMap<ZMQSocket, Receiver<unknown>>()

/** The receiving half of a socket, if it has one. */
export const receiverOf = (socket: ZMQSocket): Receiver<unknown> | undefined => receivers.get(socket)

export class Receiver<Value> {
  readonly #heart: SocketHeart<RawReceiver>
  readonly #format: Format
  readonly #onInvalid: 'skip' | 'throw'
  /** How much is kept for whoever receives, if it reads by itself. */
  readonly #most: number | undefined
  #waiters: Waiter<Value>[] = []
  #watchers: Waiter<void>[] = []
  /** What came and was not taken, from `#nextKept` on. */
  #kept: Came<Value>[] = []
  #nextKept = 0
  /** What it came to: with a socket that is reopened it is gone. */
  #keptFrom: RawReceiver | undefined
  readonly #inTurns: boolean
  /** What may be read next, once. */
  #allowed: RawReceiver | undefined
  #reading = false
  /** Nothing has come for a while. */
  #isQuiet = false
  #loggedMs = Number.NEGATIVE_INFINITY
  #unlogged = 0

  /** `format` is by default what the schema and the codec of the socket's options say, as `onInvalid` is. */
  constructor(socket: ZMQSocket, { format, onInvalid, keep, attentive, inTurns = false }: ReceiverParts = {}) {
    this.#heart = heartOf(socket) as SocketHeart<RawReceiver>
    const { options } = this.#heart
    this.#format = format ?? new MessageFormat(options)
    this.#onInvalid = onInvalid ?? options.onInvalid ?? 'skip'
    this.#most = keep
    this.#inTurns = inTurns
    receivers.set(socket, this as Receiver<unknown>)
    if (keep !== undefined) this.#read()
    if (attentive === true) this.#attend()
    // Who watches what may not be read is told of its end too.
    if (inTurns) void this.#heart.lifecycle.finished().then(() => this.#read())
  }

  /**
   * Resolves with the next message. A receive that is aborted or times out takes no message with it.
   * @throws {TroupeError} `ABORTED`, `TIMEOUT`, `CLOSED`; with `onInvalid: 'throw'` `INVALID_MESSAGE`, `DECODE_FAILED`
   */
  receive(options?: WaitOptions): Promise<Value> {
    // The way of nearly every message: a wait without an end needs no more than a promise.
    if (options === undefined) return new Promise((resolve, reject) => this.#wait({ resolve, reject }))
    return waiting<Value>(`a receive on the ${this.#heart.what}`, options, (waiter) => {
      this.#wait(waiter)
      return {
        // A message that has come meanwhile goes to the next.
        cancel: () => {
          this.#waiters = this.#waiters.filter((other) => other !== waiter)
        },
      }
    })
  }

  #wait(waiter: Waiter<Value>): void {
    // To push to an empty array takes room for many, and mostly there is one.
    if (this.#waiters.length === 0) this.#waiters = [waiter]
    else this.#waiters.push(waiter)
    // What is kept while a read is under way is older than what that will give.
    if (this.#reading && this.#heart.lifecycle.state === 'running') this.#serve()
    this.#read()
  }

  /** With `inTurns`: one more message may be read, unless the socket is reopened before. For the pattern packages. */
  allow(): void {
    this.#allowed = this.#heart.raw
    this.#read()
  }

  /** Forgets what has come after its receiver gave up. For the pattern packages. */
  forget(): void {
    this.#kept = []
    this.#nextKept = 0
  }

  /** As {@link receive}, but with all messages that are there: those of one pack, if it is packed. */
  async receiveMany(options?: WaitOptions): Promise<Value[]> {
    const values = [(await this.receive(options)) as Value]
    // An error among them is for the next receive.
    for (; this.#waiters.length === 0 && this.#nextKept < this.#kept.length; this.#nextKept++) {
      const came = this.#kept[this.#nextKept]!
      if (!('value' in came)) break
      values.push(came.value)
    }
    if (this.#nextKept === this.#kept.length) this.forget()
    return values
  }

  /** Every message that comes, until the socket is closed. Throws what {@link receive} throws. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Value, void, undefined> {
    const { lifecycle } = this.#heart
    for (;;) {
      let value: Value
      try {
        value = await this.receive()
      } catch (error) {
        if (error instanceof ClosedError && lifecycle.error === undefined) return
        throw error
      }
      yield value
    }
  }

  /**
   * Settles `watcher` once a receive would be settled at once, and takes no message: what has come is kept for the next
   * receive. Returns what takes the watcher back.
   */
  watch(watcher: Waiter<void>): () => void {
    this.#watchers.push(watcher)
    this.#read()
    return () => {
      this.#watchers = this.#watchers.filter((other) => other !== watcher)
    }
  }

  /** Whether it reads, or has read what no receive has taken yet. */
  get busy(): boolean {
    return this.#reading || this.#nextKept < this.#kept.length
  }

  /**
   * Resolves with the frames of the next message as they are, or with nothing if none has come for a while. For what has
   * taken the socket for itself: one at a time.
   */
  async frames(): Promise<Uint8Array[] | undefined> {
    const { raw, stats, what } = this.#heart
    try {
      const parts = await raw.receive()
      stats.received++
      return parts
    } catch (cause) {
      if (raw.closed || !isTimedOut(cause)) throw this.#failure(cause, what)
      return undefined
    }
  }

  #attend(): void {
    const turn = () => {
      const { raw } = this.#heart
      if (!this.#reading && !raw.closed) void raw.readable
    }
    const timer = setInterval(turn, ATTEND_EVERY_MS).unref()
    void this.#heart.lifecycle.finished().then(() => clearInterval(timer))
  }

  #read(): void {
    if (this.#reading) return
    this.#reading = true
    if (this.#heart.lifecycle.state === 'running' && this.#heart.takenBy === undefined) this.#readOn()
    else void this.#readWhenOpen()
  }

  async #readWhenOpen(): Promise<void> {
    try {
      assertNotTaken(this.#heart)
      await this.#heart.lifecycle.running()
    } catch (cause) {
      return this.#fail(cause)
    }
    this.#readOn()
  }

  /** Reads for those that wait. This is the path of the message: a promise less is worth the callbacks. */
  #readOn(): void {
    const { raw } = this.#heart
    while (this.#isAwaited && this.#hasKept()) this.#serve()
    const isWanted = this.#isAwaited || this.#most !== undefined
    if (!isWanted || (this.#inTurns && this.#allowed !== raw)) {
      this.#reading = false
      return
    }
    try {
      raw.receive().then(
        (parts) => this.#came(raw, parts),
        (cause: unknown) => this.#cameNot(raw, cause),
      )
    } catch (cause) {
      this.#fail(cause)
    }
  }

  get #isAwaited(): boolean {
    return this.#waiters.length + this.#watchers.length > 0
  }

  #came(raw: RawReceiver, parts: Uint8Array[]): void {
    if (this.#isQuiet) {
      this.#isQuiet = false
      if (!raw.closed) raw.receiveTimeout = RECEIVE_AGAIN_MS
    }
    // What comes to one that was reopened meanwhile is gone with it.
    if (raw === this.#heart.raw) {
      this.#allowed = undefined
      this.#keep(parts)
    }
    this.#readOn()
  }

  /** Nothing has come for a while, or nothing will. */
  #cameNot(raw: RawReceiver, cause: unknown): void {
    if (raw === this.#heart.raw) {
      if (raw.closed || !isTimedOut(cause)) return this.#fail(cause)
      this.#isQuiet = true
      raw.receiveTimeout = Math.min(2 * raw.receiveTimeout, LONGEST_RECEIVE_MS)
    }
    this.#readOn()
  }

  #fail(cause: unknown): void {
    const error = this.#failure(cause, this.#heart.what)
    for (const waiter of [...this.#waiters.splice(0), ...this.#watchers.splice(0)]) waiter.reject(error)
    this.#reading = false
  }

  #hasKept(): boolean {
    // What came to a socket that was reopened meanwhile is gone with it.
    if (this.#keptFrom !== this.#heart.raw) this.forget()
    return this.#nextKept < this.#kept.length
  }

  /** Gives what is kept to those that wait. */
  #serve(): void {
    if (!this.#hasKept()) return
    while (this.#waiters.length > 0 && this.#nextKept < this.#kept.length) {
      const came = this.#kept[this.#nextKept++]!
      const waiter = this.#waiters.shift()!
      if ('value' in came) waiter.resolve(came.value)
      else waiter.reject(came.error)
    }
    if (this.#nextKept === this.#kept.length) this.forget()
    else for (const watcher of this.#watchers.splice(0)) watcher.resolve()
  }

  #keep(parts: Uint8Array[]): void {
    this.#keptFrom = this.#heart.raw
    if (this.#format.decodeMany !== undefined) {
      for (const came of this.#format.decodeMany(parts)) this.#keepOne(came as Came<Value>)
      return
    }
    try {
      const value = this.#format.decode(parts)
      if (value !== NOTHING) this.#keepOne({ value: value as Value })
    } catch (error) {
      this.#keepOne({ error })
    }
  }

  #keepOne(came: Came<Value>): void {
    const { stats } = this.#heart
    if ('value' in came) stats.received++
    else {
      stats.invalid++
      this.#unlogged++
      this.#logInvalid(came.error)
      if (this.#onInvalid === 'skip') return
    }
    if (this.#kept.length === 0) this.#kept = [came]
    else this.#kept.push(came)
    if (this.#most === undefined || this.#kept.length - this.#nextKept <= this.#most) return
    this.#nextKept++
    if (this.#nextKept < MOST_TAKEN) return
    this.#kept = this.#kept.slice(this.#nextKept)
    this.#nextKept = 0
  }

  #logInvalid(error: unknown): void {
    const now = performance.now()
    if (now - this.#loggedMs < LOG_EVERY_MS) return
    const { log, what } = this.#heart
    log.warn({ socket: what, invalid: this.#unlogged, err: error }, 'messages were not valid')
    this.#loggedMs = now
    this.#unlogged = 0
  }

  #failure(cause: unknown, what: string): unknown {
    const { lifecycle, raw } = this.#heart
    if (lifecycle.state === 'failed') return lifecycle.error
    if (cause instanceof TroupeError) return cause
    // A close and a time-out have the same code in zeromq.js, EAGAIN: the lifecycle knows which it was.
    if (raw.closed || lifecycle.state !== 'running') return new ClosedError(`the ${what}`)
    const why = cause instanceof Error ? cause.message : String(cause)
    return new TroupeError('SOCKET_FAILED', `a receive on the ${what} failed: ${why}`, { cause })
  }
}
