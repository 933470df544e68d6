/**
 * ZMQSubscriber: the receiving end of publish-subscribe (29/PUBSUB).
 */
import { Receiver, SubscriberOptions, subscribe, unsubscribe, type WaitOptions, ZMQSocket } from '@troupe/core'
import { bytesOf, type Prefix } from './prefixes.js'
import { type Published, PublishedFormat } from './topic-format.js'

/**
 * Receives what it has subscribed to from the publishers that it is connected to, fairly from each. It connects by
 * default.
 *
 * A subscription is a prefix, of bytes, of a message's first frame: its topic, or the message itself where it has no
 * topic. '' is a prefix of everything. Without `subscriptions` a subscriber that is made with an endpoint subscribes to
 * the prefixes of `topics`, or else to everything; with an empty list, or without an endpoint, to nothing yet.
 * @example
 * await using subscriber = new ZMQSubscriber('tcp://127.0.0.1:5556', '10001')
 * for await (const update of subscriber) console.log(update)
 */
export class ZMQSubscriber<const Options extends SubscriberOptions = Record<never, never>> extends ZMQSocket {
  readonly #receiver: Receiver<Published<Options>>

  /** @throws {TroupeError} `INVALID_ENDPOINT`, `INVALID_OPTIONS` */
  constructor(endpoint?: string, subscriptions?: Prefix | readonly Prefix[], options?: Options) {
    const first = bytesOf(firstOf(subscriptions) ?? (endpoint === undefined ? [] : defaults(options)))
    super('subscriber', SubscriberOptions, endpoint, options)
    subscribe(this, first)
    this.#receiver = new Receiver(this, { format: new PublishedFormat(options ?? {}), attentive: true })
  }

  /**
   * Subscribes to further prefixes. A publisher that is connected heeds it a moment later. Subscriptions are counted:
   * what was subscribed to twice must be unsubscribed from twice.
   * @throws {TroupeError} `INVALID_OPTIONS`, `CLOSED`
   */
  async subscribe(...prefixes: Prefix[]): Promise<void> {
    subscribe(this, bytesOf(prefixes))
  }

  /**
   * Takes subscriptions back, each once. What has come before is still received.
   * @throws {TroupeError} `INVALID_OPTIONS`, `CLOSED`
   */
  async unsubscribe(...prefixes: Prefix[]): Promise<void> {
    unsubscribe(this, bytesOf(prefixes))
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
}

const firstOf = (subscriptions: Prefix | readonly Prefix[] | undefined): readonly Prefix[] | undefined =>
  typeof subscriptions === 'string' || subscriptions instanceof Uint8Array ? [subscriptions] : subscriptions

const defaults = ({ topics }: SubscriberOptions = {}) => (topics === undefined ? [''] : Object.keys(topics))
