/**
 * ZMQReply: the answering end of ZeroMQ's request-reply (28/REQREP).
 */
import {
  ClosedError,
  type Format,
  type Frames,
  MessageFormat,
  type Received,
  Receiver,
  ReplyOptions,
  Sender,
  type Sent,
  type WaitOptions,
  ZMQSocket,
} from '@troupe/core'
import { Exchange } from './exchange.js'
import type { ReceiveOutcome, SendOutcome } from './outcome.js'

/** In the place of an answer: an empty frame, which tells the requester that its request was not one. */
const REFUSAL = Symbol('refusal')

/**
 * Receives requests, fairly from each of its peers, and answers each before the next. It binds by default.
 *
 * A request that is not valid is answered with an empty frame, counted and logged, and the receive goes on to the next;
 * with `onInvalid: 'throw'` the receive raises it, and it is to be answered like any other.
 * @example
 * await using reply = new ZMQReply('tcp://127.0.0.1:5555')
 * for await (const request of reply) await reply.send(`hello ${request}`)
 */
export class ZMQReply<const Options extends ReplyOptions = Record<never, never>> extends ZMQSocket {
  readonly #exchange: Exchange<Sent<Options> | typeof REFUSAL, Received<Options>>

  /** @throws {TroupeError} `INVALID_ENDPOINT`, `INVALID_OPTIONS` */
  constructor(endpoint?: string, options?: Options) {
    super('reply', ReplyOptions, endpoint, options)
    const { onInvalid, outOfOrder, log } = options ?? ({} as ReplyOptions)
    this.#exchange = new Exchange({
      kind: 'reply',
      socket: this,
      sender: new Sender<Sent<Options> | typeof REFUSAL>(this, new Refusing(new MessageFormat(options ?? {}))),
      receiver: new Receiver<Received<Options>>(this, { onInvalid: 'throw', inTurns: true }),
      refusal: onInvalid === 'throw' ? undefined : REFUSAL,
      outOfOrder,
      log,
    })
  }

  /**
   * Answers the request that was received last; resolves with `sent` when libzmq has accepted it. It never waits: an
   * answer to a peer that is gone is dropped without a word. Without a request to answer it is out of order: it is not
   * sent, and resolves with `ignored`. A send that is rejected can be tried again.
   * @throws {TroupeError} `INVALID_MESSAGE`, `ENCODE_FAILED`, `ABORTED`, `TIMEOUT`, `CLOSED`; with `outOfOrder: 'throw'` `OUT_OF_ORDER`
   */
  send(message: Sent<Options>, options?: WaitOptions): Promise<SendOutcome<Options>> {
    return this.#exchange.send(message, options) as Promise<SendOutcome<Options>>
  }

  /**
   * Resolves with the next request. While another receive waits, or the last request is not answered, it is out of order:
   * it receives nothing, and resolves with `undefined`. One that is aborted or times out takes no request with it.
   * @throws {TroupeError} `ABORTED`, `TIMEOUT`, `CLOSED`; with `onInvalid: 'throw'` `INVALID_MESSAGE`, `DECODE_FAILED`; with `outOfOrder: 'throw'` `OUT_OF_ORDER`
   */
  receive(options?: WaitOptions): Promise<ReceiveOutcome<Options>> {
    return this.#exchange.receive(options) as Promise<ReceiveOutcome<Options>>
  }

  /**
   * Every request that comes, until the socket is closed. The next is not received until the last is answered, be it by
   * the body of the loop or later by another: the iteration waits for that.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<Received<Options>, void, undefined> {
    for (;;) {
      let request: Received<Options>
      try {
        request = await this.#exchange.receiveInTurn()
      } catch (error) {
        if (error instanceof ClosedError && this.state !== 'failed') return
        throw error
      }
      yield request
    }
  }

  override async close(): Promise<void> {
    const closing = super.close()
    this.#exchange.wake()
    await closing
  }
}

class Refusing implements Format {
  readonly #messages: Format

  constructor(messages: Format) {
    this.#messages = messages
  }

  encode(value: unknown): Frames {
    return value === REFUSAL ? '' : this.#messages.encode(value)
  }

  decode(parts: readonly Uint8Array[]): unknown {
    return this.#messages.decode(parts)
  }
}
