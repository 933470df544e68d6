/**
 * ZMQPair: ZeroMQ's exclusive pair (31/EXPAIR).
 */
import { DuplexOptions, type Received, Receiver, Sender, type Sent, type WaitOptions, ZMQSocket } from '@troupe/core'

/**
 * Speaks with exactly one peer, both ways. It connects by default; one of the two ends must bind (`@`).
 * @example
 * await using here = new ZMQPair('@inproc://pipe')
 * await using there = new ZMQPair('inproc://pipe')
 * await here.send('hello')
 * console.log(await there.receive())
 */
export class ZMQPair<const Options extends DuplexOptions = Record<never, never>> extends ZMQSocket {
  readonly #sender: Sender<Sent<Options>>
  readonly #receiver: Receiver<Received<Options>>

  /** @throws {TroupeError} `INVALID_ENDPOINT`, `INVALID_OPTIONS` */
  constructor(endpoint?: string, options?: Options) {
    super('pair', DuplexOptions, endpoint, options)
    this.#sender = new Sender(this)
    this.#receiver = new Receiver(this)
  }

  /**
   * Sends a message; resolves when libzmq has accepted it. It waits, and never drops, while there is no peer or the
   * peer is at its high-water mark. In order. A message whose send was rejected was not sent; to be sure of that, a
   * rejection by `signal` or `timeoutMs` can be 50 ms late. Do not change a Uint8Array after it was given: large ones
   * are not copied.
   * @throws {TroupeError} `INVALID_MESSAGE`, `ENCODE_FAILED`, `ABORTED`, `TIMEOUT`, `CLOSED`, `QUEUE_FULL`
   */
  send(message: Sent<Options>, options?: WaitOptions): Promise<void> {
    return this.#sender.send(message, options)
  }

  /**
   * Resolves with the next message. Several receives are served in the order of their calls; one that is aborted or
   * times out takes no message with it.
   * @throws {TroupeError} `ABORTED`, `TIMEOUT`, `CLOSED`; with `onInvalid: 'throw'` also `INVALID_MESSAGE`, `DECODE_FAILED`
   */
  receive(options?: WaitOptions): Promise<Received<Options>> {
    return this.#receiver.receive(options)
  }

  /** Every message that comes, until the socket is closed. */
  [Symbol.asyncIterator](): AsyncGenerator<Received<Options>, void, undefined> {
    return this.#receiver[Symbol.asyncIterator]()
  }
}
