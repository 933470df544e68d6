/**
 * ZMQDealer: the free sibling of a request, which sends and receives as it likes (28/REQREP).
 */
import {
  DealerOptions,
  PackedFormat,
  PackedSender,
  type Received,
  Receiver,
  Sender,
  type Sent,
  type WaitOptions,
  ZMQSocket,
} from '@troupe/core'
import { formatOf } from './delimiter.js'

/**
 * Sends messages to the peers that it is connected to, in turn, each to one of them, and receives fairly from all. It
 * connects by default.
 * @example
 * await using dealer = new ZMQDealer('tcp://127.0.0.1:5555', { schema: Job })
 * await dealer.send({ id: 1 })
 */
export class ZMQDealer<const Options extends DealerOptions = Record<never, never>> extends ZMQSocket {
  readonly #sender: Sender<Sent<Options>> | PackedSender<Sent<Options>>
  readonly #receiver: Receiver<Received<Options>>

  /** @throws {TroupeError} `INVALID_ENDPOINT`, `INVALID_OPTIONS` */
  constructor(endpoint?: string, options?: Options) {
    super('dealer', DealerOptions, endpoint, options)
    const packed = options?.packed === true
    const format = packed ? new PackedFormat(options) : formatOf(options ?? {})
    this.#sender = packed ? new PackedSender(this) : new Sender(this, format)
    this.#receiver = new Receiver(this, { format })
  }

  /**
   * Sends a message; resolves when libzmq has accepted it. It waits, and never drops, while there is no peer or every
   * peer is at its high-water mark (28/REQREP). In order to each peer. A message that libzmq has accepted for a peer
   * that then dies is lost. A message whose send was rejected was not sent; to be sure of that, a rejection by `signal`
   * or `timeoutMs` can be 50 ms late. Do not change a Uint8Array after it was given: large ones are not copied.
   *
   * With `packed` it resolves when the message is accepted here, to go out with all others of this turn of the event
   * loop, at once when it is alone; it waits while `sendQueueLimit` messages are not accepted by libzmq.
   * @throws {TroupeError} `INVALID_MESSAGE`, `ENCODE_FAILED`, `ABORTED`, `TIMEOUT`, `CLOSED`, `QUEUE_FULL`
   */
  send(message: Sent<Options>, options?: WaitOptions): Promise<void> {
    return this.#sender.send(message, options)
  }

  /**
   * Sends messages in order, each as {@link send} does; resolves when all are accepted.
   * @throws {TroupeError} what {@link send} throws: with `packed` before any is sent if one is not valid, else when the others are sent
   */
  sendMany(messages: readonly Sent<Options>[], options?: WaitOptions): Promise<void> {
    return this.#sender.sendMany(messages, options)
  }

  /**
   * Resolves with the next message. Several receives are served in the order of their calls; one that is aborted or
   * times out takes no message with it.
   * @throws {TroupeError} `ABORTED`, `TIMEOUT`, `CLOSED`; with `onInvalid: 'throw'` also `INVALID_MESSAGE`, `DECODE_FAILED`
   */
  receive(options?: WaitOptions): Promise<Received<Options>> {
    return this.#receiver.receive(options)
  }

  /**
   * As {@link receive}, but with all messages that have come: with `packed` those of a pack. Of texts and bytes that came
   * in a pack, one that is kept keeps its pack in memory.
   */
  receiveMany(options?: WaitOptions): Promise<Received<Options>[]> {
    return this.#receiver.receiveMany(options)
  }

  /** Every message that comes, until the socket is closed. */
  [Symbol.asyncIterator](): AsyncGenerator<Received<Options>, void, undefined> {
    return this.#receiver[Symbol.asyncIterator]()
  }
}
