/**
 * ZMQPush: the sending end of ZeroMQ's pipeline (30/PIPELINE).
 */
import { PackedSender, PushOptions, Sender, type Sent, type WaitOptions, ZMQSocket } from '@troupe/core'

/**
 * Sends messages to the pulls that it is connected to, in turn, each to one of them. It connects by default.
 * @example
 * await using push = new ZMQPush('tcp://127.0.0.1:5555', { schema: Order })
 * await push.send({ item: 'tea', count: 2 })
 */
export class ZMQPush<const Options extends PushOptions = Record<never, never>> extends ZMQSocket {
  readonly #sender: Sender<Sent<Options>> | PackedSender<Sent<Options>>

  /** @throws {TroupeError} `INVALID_ENDPOINT`, `INVALID_OPTIONS` */
  constructor(endpoint?: string, options?: Options) {
    super('push', PushOptions, endpoint, options)
    this.#sender = options?.packed === true ? new PackedSender(this) : new Sender(this)
  }

  /**
   * Sends a message; resolves when libzmq has accepted it. It waits, and never drops, while there is no peer or every
   * peer is at its high-water mark. In order to each peer. A message that libzmq has accepted for a peer that then dies
   * is lost. A message whose send was rejected was not sent; to be sure of that, a rejection by `signal` or `timeoutMs`
   * can be 50 ms late. Do not change a Uint8Array after it was given: large ones are not copied.
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
}
