/**
 * The sending half of a packed socket: what is sent in one turn of the event loop goes out as one pack.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type WaitOptions, within } from '../deadline.js'
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

const nowhere: Address = (value) => ({ to: '', before: [], value })
export class PackedSender<Value> {
  readonly #heart: SocketHeart
  readonly #sender: Sender<unknown>
  readonly #format: Format
  readonly #address: Address
  readonly #gathering = new Map<string, Gathering>()
  /** Messages that were accepted here and not yet by libzmq. */
  #waiting = 0
  #room: Deferred<void> | undefined
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
  async send(value: Value, options: WaitOptions = {}): Promise<void> {
    const { to, before, value: message } = this.#address(value)
    const frame = this.#encode(message)
    this.#assertOpen()
    if (this.#isFull) await this.#whenRoom(options)
    this.#gather(to, before, frame)
  }

  /** As {@link send} each of them in order. None is accepted if one is not valid. */
  async sendMany(values: readonly Value[], options: WaitOptions = {}): Promise<void> {
    const all = values.map((one) => {
      const { to, before, value } = this.#address(one)
      return { to, before, frame: this.#encode(value) }
    })
    this.#assertOpen()
    for (const { to, before, frame } of all) {
      if (this.#isFull) await this.#whenRoom(options)
      this.#gather(to, before, frame)
    }
  }

  #encode(value: unknown): Uint8Array | string {
    return this.#format.encode(value) as Uint8Array | string
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

  async #whenRoom(options: WaitOptions): Promise<void> {
    while (this.#isFull) {
      this.#room ??= deferred()
      await within(`a send on the ${this.#heart.what}`, options, this.#room.promise)
      this.#assertOpen()
    }
  }

  #gather(to: string, before: readonly (Uint8Array | string)[], frame: Uint8Array | string): void {
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
    this.#tellRoom()
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
    this.#tellRoom()
  }

  #tellRoom(): void {
    if (this.#isFull) return
    this.#room?.resolve()
    this.#room = undefined
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
    this.#room?.resolve()
    if (lingerMs === 0 || this.#waiting === 0) return
    this.#flushAll()
    this.#drained = deferred()
    const limit = lingerMs < 0 ? {} : { timeoutMs: lingerMs }
    await within('what a packed socket had accepted', limit, this.#drained.promise).catch(() => undefined)
  }
}
