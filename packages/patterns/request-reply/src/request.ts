/**
 * ZMQRequest: the asking end of ZeroMQ's request-reply (28/REQREP).
 */
import { type Received, Receiver, RequestOptions, Sender, type Sent, type WaitOptions, ZMQSocket } from '@troupe/core'
import { Exchange } from './exchange.js'
import { LazyPirate } from './lazy-pirate.js'
import type { ReliableOptions } from './lazy-pirate.options.js'
import type { ReceiveOutcome, SendOutcome } from './outcome.js'

/**
 * Sends requests to the peers that it is connected to, in turn, and receives the reply to each before the next. It
 * connects by default. `request` does both, and does not wait for ever; `send` and `receive` are what it is made of.
 * @example
 * await using request = new ZMQRequest('tcp://127.0.0.1:5555')
 * console.log(await request.request('world', { timeoutMs: 1_000 }))
 */
export class ZMQRequest<const Options extends RequestOptions = Record<never, never>> extends ZMQSocket {
  readonly #exchange: Exchange<Sent<Options>, Received<Options>>
  readonly #pirate: LazyPirate<Sent<Options>, Received<Options>>

  /** @throws {TroupeError} `INVALID_ENDPOINT`, `INVALID_OPTIONS` */
  constructor(endpoint?: string, options?: Options) {
    super('request', RequestOptions, endpoint, options)
    const { outOfOrder, relaxed, log } = options ?? ({} as RequestOptions)
    const sender = new Sender<Sent<Options>>(this)
    // A reply that is not valid is always raised: no other comes.
    const receiver = new Receiver<Received<Options>>(this, { onInvalid: 'throw', inTurns: true })
    this.#exchange = new Exchange({ kind: 'request', socket: this, sender, receiver, outOfOrder, relaxed, log })
    this.#pirate = new LazyPirate({ socket: this, sender, receiver, exchange: this.#exchange })
  }

  /**
   * Sends a request and resolves with its reply, also when servers and messages get lost: when no valid reply has come
   * within `timeoutMs`, it is sent again on a new socket, `retries` times at most. So a server may get a request more than
   * once. An earlier try's reply that comes late is never taken for the reply to this or another request. Requests are
   * served one after another, in the order of the calls; `timeoutMs` begins when one's turn has come.
   * @throws {RequestTimeoutError} `TIMEOUT`, with how many tries there were
   * @throws {TroupeError} `INVALID_MESSAGE`, `ENCODE_FAILED` for the message to send; `ABORTED`, `CLOSED`, `INVALID_OPTIONS`; `OUT_OF_ORDER` while the reply to a `send` is due
   */
  request(message: Sent<Options>, options: ReliableOptions = {}): Promise<Received<Options>> {
    return this.#pirate.request(message, options)
  }

  /**
   * Sends a request; resolves with `sent` when libzmq has accepted it. It waits, and never drops, while there is no peer
   * or every peer is at its high-water mark. While the reply to the last is not received it is out of order: it is not
   * sent, and resolves with `ignored`; `relaxed` permits it. A send that is rejected was not sent and can be tried again.
   * Do not change a Uint8Array after it was given: large ones are not copied.
   * @throws {TroupeError} `INVALID_MESSAGE`, `ENCODE_FAILED`, `ABORTED`, `TIMEOUT`, `CLOSED`, `QUEUE_FULL`; with `outOfOrder: 'throw'` `OUT_OF_ORDER`
   */
  send(message: Sent<Options>, options?: WaitOptions): Promise<SendOutcome<Options>> {
    return this.#exchange.send(message, options) as Promise<SendOutcome<Options>>
  }

  /**
   * Resolves with the reply to the request that was sent last; it may be called while the send still waits. Without one,
   * or while another receive waits, it is out of order: it receives nothing, and resolves with `undefined`. One that is
   * aborted or times out can be tried again, as the reply may still come. A reply that is not valid is raised, whatever
   * `onInvalid` says, as no other comes: then the next request can be sent.
   * @throws {TroupeError} `INVALID_MESSAGE`, `DECODE_FAILED`, `ABORTED`, `TIMEOUT`, `CLOSED`; with `outOfOrder: 'throw'` `OUT_OF_ORDER`
   */
  receive(options?: WaitOptions): Promise<ReceiveOutcome<Options>> {
    return this.#exchange.receive(options) as Promise<ReceiveOutcome<Options>>
  }
}
