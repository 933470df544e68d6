/**
 * The items that one side of a session has to say: those of one turn of the event loop go out in one frame, one that comes
 * alone at once.
 */
import { TroupeError } from '@troupe/core'
import { CALL, CANCEL, CREDIT, END, type Encoding, ERROR, encodeFrame, ITEM, type Item } from './wire.js'

/** A frame is not made larger than this by more items, in bytes. */
const FRAME_BYTES = 256 << 10
const MOST_ITEMS = 4_096
/** So many are sent while the turn goes on: the receiver begins with them meanwhile. */
const BATCH = 128

export interface OutboxPort {
  send(frame: Uint8Array): void
  /** An item cannot be sent: it cannot be encoded, or is larger than what the peer takes. */
  refused(item: Item, error: TroupeError): void
  /** Calls back once in this turn of the event loop, or at its end. */
  soon(callback: () => void): void
}

export class Outbox {
  readonly #port: OutboxPort
  encoding: Encoding = 'msgpack'
  /** The largest frame that the peer takes. */
  maxMessageBytes = Number.POSITIVE_INFINITY
  #items: Item[] = []
  #sequence = 0
  #isFlushing = false
  /** The calls of which something could not be sent: what stands behind it in this flush is not either. */
  #broken: Set<unknown> | undefined
  /** So many items make a frame of about {@link FRAME_BYTES}, as far as is known. */
  #most = MOST_ITEMS

  constructor(port: OutboxPort) {
    this.#port = port
  }

  /** Says an item; `alone` when nothing else is under way that could go with it. */
  say(item: Item, alone = false): void {
    this.#items.push(item)
    if (alone || this.#items.length >= BATCH) return this.flush()
    if (this.#isFlushing) return
    this.#isFlushing = true
    this.#port.soon(this.#flushSoon)
  }

  readonly #flushSoon = (): void => {
    this.#isFlushing = false
    this.flush()
  }

  flush(): void {
    if (this.#items.length === 0) return
    const items = this.#items
    this.#items = []
    if (items.length <= this.#most) this.#send(items)
    else
      for (let at = 0; at < items.length; ) {
        const part = items.slice(at, at + this.#most)
        at += part.length
        this.#send(part)
      }
    this.#broken = undefined
  }

  /** Sends items in one frame, or in two halves where that cannot be, down to the one that is to blame. */
  #send(given: readonly Item[]): void {
    const items = this.#broken === undefined ? given : given.filter((item) => !this.#isBroken(item))
    if (items.length === 0) return
    let frame: Uint8Array
    try {
      frame = encodeFrame(this.#sequence + 1, items, this.encoding)
    } catch (cause) {
      return this.#sendHalves(items, () => {
        const why = cause instanceof Error ? cause.message : String(cause)
        return new TroupeError('ENCODE_FAILED', `it cannot be encoded as ${this.encoding}: ${why}`, { cause })
      })
    }
    if (frame.length > this.maxMessageBytes) {
      return this.#sendHalves(items, () => {
        const limit = `${frame.length} bytes, and its receiver takes ${this.maxMessageBytes} (maxMessageBytes)`
        return new TroupeError('MESSAGE_TOO_LARGE', `it has ${limit}`)
      })
    }
    this.#most = Math.max(1, Math.min(MOST_ITEMS, Math.floor((FRAME_BYTES * items.length) / frame.length)))
    this.#sequence++
    this.#port.send(frame)
  }

  #sendHalves(items: readonly Item[], error: () => TroupeError): void {
    if (items.length === 1) return this.#refuse(items[0]!, error())
    const half = items.length >> 1
    this.#send(items.slice(0, half))
    this.#send(items.slice(half))
  }

  #refuse(item: Item, error: TroupeError): void {
    const [kind, id] = item
    const broken = this.#broken ?? new Set()
    // What is said of the refusal is not behind the item.
    this.#broken = undefined
    this.#port.refused(item, error)
    if (kind === ITEM || kind === CALL) broken.add(id)
    if (broken.size > 0) this.#broken = broken
  }

  #isBroken([kind, id]: Item): boolean {
    return BEHIND.has(kind) && this.#broken!.has(id)
  }
}

/** What may stand behind a call, or an item of its stream. */
const BEHIND: ReadonlySet<number> = new Set([CREDIT, ITEM, END, ERROR, CANCEL])
