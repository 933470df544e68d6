/**
 * ZMQXPublisher: a publisher that sees subscriptions come and go (29/PUBSUB).
 */
import {
  decideSubscription,
  type Format,
  type Frames,
  InvalidOptionsError,
  Receiver,
  type WaitOptions,
  XPublisherOptions,
  ZMQSocket,
} from '@troupe/core'
import { bytesOf, type Prefix } from './prefixes.js'
import { asManual, Publishing } from './publishing.js'
import {
  type ReceivedUpstream,
  type SubscriptionEvent,
  UpstreamFormat,
  type UpstreamMessage,
} from './subscription-event.js'
import type { Send, TopicOptions } from './topic-format.js'

const CachingOptions = XPublisherOptions.transform(asManual)

/** With `lastValueCache`, how many events that nobody has received are kept: the newest. */
const MAX_KEPT = 1_000

/**
 * A publisher that receives the subscriptions of its peers, and what XSUBs send upstream. It binds by default. With
 * `lastValueCache` it keeps the process alive until it is closed, as a receive does.
 * @example
 * await using publisher = new ZMQXPublisher('tcp://127.0.0.1:5556')
 * for await (const event of publisher) if (event.type === 'subscribe') await publisher.send(event.topic, 'welcome')
 */
export class ZMQXPublisher<const Options extends XPublisherOptions = Record<never, never>> extends ZMQSocket {
  /** As `send` of {@link ZMQPublisher}. */
  readonly send: Send<Options>
  readonly #receiver: Receiver<SubscriptionEvent | UpstreamMessage<ReceivedUpstream<Options>>>
  readonly #events: Events

  /** @throws {TroupeError} `INVALID_ENDPOINT`, `INVALID_OPTIONS` */
  constructor(endpoint?: string, options?: Options) {
    const caching = options?.lastValueCache === true
    super('xpublisher', caching ? CachingOptions : XPublisherOptions, endpoint, options)
    const publishing = new Publishing(this, options ?? {})
    this.send = publishing.send.bind(publishing) as Send<Options>
    this.#events = new Events(options ?? {}, caching ? publishing : undefined)
    this.#receiver = new Receiver(this, { format: this.#events, keep: caching ? MAX_KEPT : undefined })
  }

  /**
   * Resolves with the next event: a subscription that begins or ends, also because its peer has gone, or a message that
   * an XSUB has sent upstream. Of a subscription that several peers have, the first and the last are told: see
   * `verbosity`. With `lastValueCache` all are, and the newest 1,000 events are kept until they are received.
   * @throws {TroupeError} `ABORTED`, `TIMEOUT`, `CLOSED`; with `onInvalid: 'throw'` also `INVALID_MESSAGE`, `DECODE_FAILED`
   */
  receive(options?: WaitOptions): Promise<SubscriptionEvent | UpstreamMessage<ReceivedUpstream<Options>>> {
    return this.#receiver.receive(options)
  }

  /**
   * With `manual`: lets the subscription that was received last begin, or end. Its peer gets what has the prefix
   * `topic`, which need not be that which it asked for. A subscription that is not accepted does not count. If the peer
   * has gone meanwhile, nothing happens.
   * @throws {TroupeError} `INVALID_OPTIONS` without `manual`, or for an event that is not the last; `CLOSED`
   */
  accept(event: SubscriptionEvent, topic: Prefix = event.topic): void {
    this.#events.assertLast(event)
    decideSubscription(this, event.type, bytesOf([topic])[0]!)
  }

  /** Every event, until the socket is closed. */
  [Symbol.asyncIterator](): AsyncGenerator<
    SubscriptionEvent | UpstreamMessage<ReceivedUpstream<Options>>,
    void,
    undefined
  > {
    return this.#receiver[Symbol.asyncIterator]()
  }
}

/** Reads events, and knows which it has read last: libzmq's decisions are about the peer of that. */
class Events implements Format {
  readonly #format: UpstreamFormat
  readonly #manual: boolean
  readonly #publishing: Publishing | undefined
  #last: unknown

  constructor(options: TopicOptions & { readonly manual?: boolean | undefined }, publishing: Publishing | undefined) {
    this.#format = new UpstreamFormat(options)
    this.#manual = options.manual === true
    this.#publishing = publishing
  }

  encode(value: unknown): Frames {
    return this.#format.encode(value)
  }

  decode(parts: readonly Uint8Array[]): unknown {
    this.#last = undefined
    const event = this.#format.decode(parts)
    if (event.type === 'message') return event
    this.#last = event
    this.#publishing?.serve(event)
    return event
  }

  assertLast(event: SubscriptionEvent): void {
    if (this.#manual && event === this.#last) return
    const message = this.#manual ? 'must be the subscription that was received last' : 'needs the option manual: true'
    throw new InvalidOptionsError('the accept of an xpublisher socket', [{ path: 'event', message }])
  }
}
