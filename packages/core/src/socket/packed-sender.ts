/**
 * The sending half of a packed socket: what is sent in one turn of the event loop goes out as one pack.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Waiter, type WaitOptions, waiting, within } from '../deadline.js'
import { type Deferred, deferred } from '../deferred.js'
import { ClosedError } from '../errors.js'
import { LENGTH_BYTES, pack } from '../message/pack.js'
import { assertPackable } from '../message/packed-format.js'
import { type Format, MessageFormat } from '../message/schema.js'
import { Sender } from './sender.js'
import { assertNotTaken, heartOf, type SocketHeart, type ZMQSocket } from './socket.js'

/** A pack goes out when it has come to this size, in bytes, though the turn goes on. */
const PACK_BYTES = 64 << 10
/** So many packs go out in one turn; then whoever sends on waits for the next, so that the event loop turns. */
const PACKS_A_TURN = 16

/** What comes before a pack, and which packs have the same: of a router, the peer. */
export interface Addressed {
  readonly to: string
  readonly before: readonly (Uint8Array | string)[]
  readonly value: unknown
}

/** Says where a value goes, and what of it is the message. */
export type Address = (value: unknown) => Addressed

interface Gathering {
  readonly before: readonly (Uint8Array | string)[]
  messages: (Uint8Array | string)[]
  bytes: number
}

/** A message that is to be accepted here. */
interface Ready {
  readonly to: string
  readonly before: readonly (Uint8Array | string)[]
  readonly frame: Uint8Array | string
}

interface Queued extends Ready {
  readonly waiter: Waiter<void>
}

const ACCEPTED = Promise.resolve()
const nowhere: Address = (value) => ({ to: '', before: [], value })

export class PackedSender<Value> {
  readonly #heart: SocketHeart
  readonly #sender: Sender<unknown>
  readonly #format: Format
  readonly #address: Address
  readonly #gathering = new Map<string, Gathering>()
  /** Messages that were accepted here and not yet by libzmq. */
  #waiting = 0
  /** Sends that wait for room here, in order. */
  #queue: Queued[] = []
  #packsOfTurn = 0
  #turn: Promise<void> | undefined
  #closed = false
  #drained: Deferred<void> | undefined

  constructor(socket: ZMQSocket, address: Address = nowhere) {
    this.#heart = heartOf(socket)
    assertPackable(this.#heart.options.codec)
    this.#sender = new Sender(socket)
    this.#format = new MessageFormat(this.#heart.options)
    this.#address = address
    this.#heart.beforeClose = () => this.#drain()
  }

  /** Resolves when the message is accepted here: at once, unless `sendQueueLimit` messages wait already. */
  send(value: Value, options?: WaitOptions): Promise<void> {
    try {
      const ready = this.#readyOf(value)
      this.#assertOpen()
      return this.#accept(ready, options)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** As {@link send} each of them in order. None is accepted if one is not valid. */
  async sendMany(values: readonly Value[], options?: WaitOptions): Promise<void> {
    const all = values.map((value) => this.#readyOf(value))
    this.#assertOpen()
    for (const ready of all) {
      const accepted = this.#accept(ready, options)
      if (accepted !== ACCEPTED) await accepted
    }
  }

  #readyOf(value: unknown): Ready {
    const { to, before, value: message } = this.#address(value)
    return { to, before, frame: this.#format.encode(message) as Uint8Array | string }
  }

  #accept(ready: Ready, options: WaitOptions = {}): Promise<void> {
    if (this.#queue.length === 0 && !this.#isFull) {
      this.#gather(ready)
      return ACCEPTED
    }
    return waiting<void>(`a send on the ${this.#heart.what}`, options, (waiter) => {
      const queued = { ...ready, waiter }
      this.#queue.push(queued)
      return {
        cancel: () => {
          this.#queue = this.#queue.filter((other) => other !== queued)
        },
      }
    })
  }

  #assertOpen(): void {
    assertNotTaken(this.#heart)
    const { lifecycle, what } = this.#heart
    const isOpen = lifecycle.state === 'starting' || lifecycle.state === 'running'
    if (this.#closed || !isOpen) throw lifecycle.error ?? new ClosedError(`the ${what}`)
  }

  get #isFull(): boolean {
    return this.#waiting >= (this.#heart.options.sendQueueLimit ?? 0) || this.#packsOfTurn >= PACKS_A_TURN
  }

  #gather({ to, before, frame }: Ready): void {
    let gathering = this.#gathering.get(to)
    if (gathering === undefined) {
      gathering = { before, messages: [], bytes: 0 }
      this.#gathering.set(to, gathering)
    }
    gathering.messages.push(frame)
    gathering.bytes += frame.length + LENGTH_BYTES
    this.#waiting++
    // A message that comes alone need not wait for others.
    const alone = this.#turn === undefined && this.#waiting === 1
    if (alone || gathering.bytes >= PACK_BYTES) this.#flush(to)
    this.#turn ??= this.#endTurn()
  }

  async #endTurn(): Promise<void> {
    await nextTurn()
    this.#turn = undefined
    this.#packsOfTurn = 0
    this.#flushAll()
    this.#admit()
  }

  #flushAll(): void {
    for (const to of [...this.#gathering.keys()]) this.#flush(to)
  }

  #flush(to: string): void {
    const gathering = this.#gathering.get(to)
    if (gathering === undefined) return
    this.#gathering.delete(to)
    this.#packsOfTurn++
    const { length } = gathering.messages
    this.#give(gathering).then(
      () => this.#taken(length),
      (error: unknown) => {
        this.#lost(length, error)
        this.#taken(length)
      },
    )
  }

  #give({ before, messages }: Gathering): Promise<void> {
    const packed = pack(messages)
    return this.#sender.sendPack(before.length === 0 ? packed : [...before, packed], messages.length)
  }

  #taken(count: number): void {
    this.#waiting -= count
    if (this.#waiting === 0) this.#drained?.resolve()
    this.#admit()
  }

  /** Accepts those that wait, as far as there is room. */
  #admit(): void {
    while (this.#queue.length > 0 && !this.#isFull) {
      const next = this.#queue.shift()!
      this.#gather(next)
      next.waiter.resolve()
    }
  }

  /** Messages that were accepted here could not be sent. */
  #lost(count: number, error: unknown): void {
    const { stats, log, what } = this.#heart
    stats.dropped += count
    log.warn({ socket: what, dropped: count, err: error }, 'messages that were accepted could not be sent')
  }

  /** Before its socket closes, libzmq is given what was accepted here. */
  async #drain(): Promise<void> {
    const { lingerMs } = this.#heart.options
    this.#closed = true
    for (const { waiter } of this.#queue.splice(0)) waiter.reject(new ClosedError(`the ${this.#heart.what}`))
    if (lingerMs === 0 || this.#waiting === 0) return
    this.#flushAll()
    this.#drained = deferred()
    const limit = lingerMs < 0 ? {} : { timeoutMs: lingerMs }
    await within('what a packed socket had accepted', limit, this.#drained.promise).catch(() => undefined)
  }
}
