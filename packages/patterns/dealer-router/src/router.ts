/**
 * ZMQRouter: speaks with many peers and says to which (28/REQREP).
 */
import {
  type Address,
  type Format,
  type Frames,
  PackedFormat,
  PackedSender,
  partsOf,
  type Received,
  Receiver,
  RouterOptions,
  Sender,
  type Sent,
  TroupeError,
  type Unwrap,
  type WaitOptions,
  ZMQSocket,
} from '@troupe/core'
import { formatOf } from './delimiter.js'

/** A message and the peer that it comes from or goes to. */
export interface Envelope<Message> {
  /** 1 to 255 bytes, by which the router knows the peer. They need not be text. */
  readonly routingId: Uint8Array
  readonly message: Message
}

/**
 * Receives fairly from all its peers, each message with the routing id of its peer, and sends each message to the peer
 * with its routing id. It binds by default.
 * @example
 * await using router = new ZMQRouter('tcp://127.0.0.1:5555', { schema: Job })
 * for await (const { routingId, message } of router) await router.send({ routingId, message })
 */
export class ZMQRouter<const Options extends RouterOptions = Record<never, never>> extends ZMQSocket {
  readonly #sender: Sender<Envelope<Sent<Options>>> | PackedSender<Envelope<Sent<Options>>>
  readonly #receiver: Receiver<Envelope<Received<Options>>>

  /** @throws {TroupeError} `INVALID_ENDPOINT`, `INVALID_OPTIONS` */
  constructor(endpoint?: string, options?: Options) {
    super('router', RouterOptions, endpoint, options)
    const packed = options?.packed === true
    const format = packed ? new PackedFormat(options, fromPeer) : new Enveloped(formatOf(options ?? {}))
    this.#sender = packed ? new PackedSender(this, toPeer) : new Sender(this, format)
    this.#receiver = new Receiver(this, { format })
  }

  /**
   * Sends a message to the peer with its routing id; resolves when libzmq has accepted it. It never waits for a peer, so
   * a slow one does not hold up the others: to a peer that is not there, or is at its high-water mark, the message is
   * dropped and counted in `stats.dropped`, or refused with `mandatory`. In order to each peer.
   *
   * With `packed` it resolves when the message is accepted here, to go out with all others of this turn of the event
   * loop, at once when it is alone; What is then
   * refused with `mandatory` is counted in `stats.dropped`. It waits while `sendQueueLimit` messages are not accepted by libzmq.
   * @throws {TroupeError} `INVALID_MESSAGE`, `ENCODE_FAILED`, `ABORTED`, `TIMEOUT`, `CLOSED`, `QUEUE_FULL`; with `mandatory` `UNROUTABLE`
   */
  send(envelope: Envelope<Sent<Options>>, options?: WaitOptions): Promise<void> {
    return this.#sender.send(envelope, options)
  }

  /**
   * Sends messages in order, each as {@link send} does; resolves when all are accepted.
   * @throws {TroupeError} what {@link send} throws: with `packed` before any is sent if one is not valid, else when the others are sent
   */
  sendMany(envelopes: readonly Envelope<Sent<Options>>[], options?: WaitOptions): Promise<void> {
    return this.#sender.sendMany(envelopes, options)
  }

  /**
   * Resolves with the next message and the routing id of its peer. Several receives are served in the order of their
   * calls; one that is aborted or times out takes no message with it.
   * @throws {TroupeError} `ABORTED`, `TIMEOUT`, `CLOSED`; with `onInvalid: 'throw'` also `INVALID_MESSAGE`, `DECODE_FAILED`
   */
  receive(options?: WaitOptions): Promise<Envelope<Received<Options>>> {
    return this.#receiver.receive(options)
  }

  /**
   * As {@link receive}, but with all messages that have come: with `packed` those of a pack. Of texts and bytes that came
   * in a pack, one that is kept keeps its pack in memory.
   */
  receiveMany(options?: WaitOptions): Promise<Envelope<Received<Options>>[]> {
    return this.#receiver.receiveMany(options)
  }

  /** Every message that comes, until the socket is closed. */
  [Symbol.asyncIterator](): AsyncGenerator<Envelope<Received<Options>>, void, undefined> {
    return this.#receiver[Symbol.asyncIterator]()
  }
}

class Enveloped implements Format {
  readonly #messages: Format

  constructor(messages: Format) {
    this.#messages = messages
  }

  encode(value: unknown): Frames {
    const { routingId, message } = checked(value)
    return [routingId, ...partsOf(this.#messages.encode(message))]
  }

  decode([routingId, ...rest]: readonly Uint8Array[]): Envelope<unknown> {
    return { routingId: routingId!, message: this.#messages.decode(rest) }
  }
}

/** Packs are of one peer each. */
const toPeer: Address = (value) => {
  const { routingId, message } = checked(value)
  return { to: Buffer.from(routingId).toString('latin1'), before: [routingId], value: message }
}

const fromPeer: Unwrap = ([routingId, part, ...others]) => {
  if (part === undefined || others.length > 0) {
    throw new TroupeError('DECODE_FAILED', 'a message of a packed socket is not one frame')
  }
  return { part, wrap: (message) => ({ routingId, message }) }
}

function checked(value: unknown): Envelope<unknown> {
  const { routingId, message } = (value ?? {}) as Partial<Envelope<unknown>>
  if (routingId instanceof Uint8Array && routingId.length > 0 && routingId.length < 256) return { routingId, message }
  throw new TroupeError('ENCODE_FAILED', 'a routing id must be a Uint8Array of 1 to 255 bytes, as receive gives it')
}
