/**
 * ZMQPull: the receiving end of ZeroMQ's pipeline (30/PIPELINE).
 */
import { PackedFormat, PullOptions, type Received, Receiver, type WaitOptions, ZMQSocket } from '@troupe/core'

/**
 * Receives the messages of the pushes that are connected to it, fairly from each. It binds by default.
 * @example
 * await using pull = new ZMQPull('tcp://127.0.0.1:!', { schema: Order })
 * for await (const order of pull) console.log(order.item)
 */
export class ZMQPull<const Options extends PullOptions = Record<never, never>> extends ZMQSocket {
  readonly #receiver: Receiver<Received<Options>>

  /** @throws {TroupeError} `INVALID_ENDPOINT`, `INVALID_OPTIONS` */
  constructor(endpoint?: string, options?: Options) {
    super('pull', PullOptions, endpoint, options)
    this.#receiver = new Receiver(this, options?.packed === true ? { format: new PackedFormat(options) } : {})
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
