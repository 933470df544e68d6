/**
 * ZMQXSubscriber: a subscriber that also sends upstream (29/PUBSUB).
 */
import { Receiver, Sender, type WaitOptions, XSubscriberOptions, ZMQSocket } from '@troupe/core'
import { bytesOf, type Prefix } from './prefixes.js'
import {
  type SentUpstream,
  type SubscriptionEvent,
  UpstreamFormat,
  type UpstreamMessage,
} from './subscription-event.js'
import { type Published, PublishedFormat } from './topic-format.js'

/**
 * A subscriber whose subscriptions are messages, so that it can pass on those of others, and that can send other messages
 * upstream, to publishers that are XPUBs. It connects by default, and has no subscriptions at first. Unlike a
 * {@link ZMQSubscriber} it receives whatever its publishers send it, and they decide.
 * @example
 * await using subscriber = new ZMQXSubscriber('tcp://127.0.0.1:5556')
 * await subscriber.subscribe('10001')
 * for await (const update of subscriber) console.log(update)
 */
export class ZMQXSubscriber<const Options extends XSubscriberOptions = Record<never, never>> extends ZMQSocket {
  readonly #sender: Sender<SubscriptionEvent | UpstreamMessage<SentUpstream<Options>>>
  readonly #receiver: Receiver<Published<Options>>

  /** @throws {TroupeError} `INVALID_ENDPOINT`, `INVALID_OPTIONS` */
  constructor(endpoint?: string, options?: Options) {
    super('xsubscriber', XSubscriberOptions, endpoint, options)
    this.#sender = new Sender(this, new UpstreamFormat(options ?? {}))
    this.#receiver = new Receiver(this, { format: new PublishedFormat(options ?? {}), attentive: true })
  }

  /**
   * Subscribes to prefixes, at the publishers that it has and will have. Subscriptions are counted: what was subscribed
   * to twice must be unsubscribed from twice.
   * @throws {TroupeError} `INVALID_OPTIONS`, `CLOSED`, `QUEUE_FULL`
   */
  subscribe(...prefixes: Prefix[]): Promise<void> {
    return this.#tell('subscribe', prefixes)
  }

  /**
   * Takes subscriptions back, each once. What has come before is still received.
   * @throws {TroupeError} `INVALID_OPTIONS`, `CLOSED`, `QUEUE_FULL`
   */
  unsubscribe(...prefixes: Prefix[]): Promise<void> {
    return this.#tell('unsubscribe', prefixes)
  }

  /**
   * Sends a message upstream, to all publishers; those that are XPUBs receive it. It never waits for them: what one has
   * no room for, or there is none to take, is dropped. In order, also with the subscriptions.
   * @throws {TroupeError} `ENCODE_FAILED` also for a frame that begins with the byte 0 or 1, which would be a
   * subscription; `INVALID_MESSAGE`, `ABORTED`, `TIMEOUT`, `CLOSED`, `QUEUE_FULL`
   */
  send(message: SentUpstream<Options>, options?: WaitOptions): Promise<void> {
    return this.#sender.send({ type: 'message', message }, options)
  }

  /**
   * Resolves with the next message; with `topics` or `topicFrame` as `{ topic, message }`. Several receives are served in
   * the order of their calls; one that is aborted or times out takes no message with it.
   * @throws {TroupeError} `ABORTED`, `TIMEOUT`, `CLOSED`; with `onInvalid: 'throw'` also `INVALID_MESSAGE`, `DECODE_FAILED`
   */
  receive(options?: WaitOptions): Promise<Published<Options>> {
    return this.#receiver.receive(options)
  }

  /** Every message that comes, until the socket is closed. */
  [Symbol.asyncIterator](): AsyncGenerator<Published<Options>, void, undefined> {
    return this.#receiver[Symbol.asyncIterator]()
  }

  async #tell(type: SubscriptionEvent['type'], prefixes: readonly Prefix[]): Promise<void> {
    const sends = bytesOf(prefixes).map((topic) => this.#sender.send({ type, topic, text: '' }))
    await Promise.all(sends)
  }
}
