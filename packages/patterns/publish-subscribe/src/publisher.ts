/**
 * ZMQPublisher: the sending end of publish-subscribe (29/PUBSUB).
 */
import { type Format, NOTHING, PublisherOptions, Receiver, TroupeError, ZMQSocket } from '@troupe/core'
import { asManual, Publishing } from './publishing.js'
import { subscriptionOf } from './subscription-event.js'
import type { Send } from './topic-format.js'

const CachingOptions = PublisherOptions.transform(asManual)

/**
 * Sends each message to all subscribers that have subscribed to it. It binds by default. With `lastValueCache` it keeps
 * the process alive until it is closed, as a receive does.
 * @example
 * await using publisher = new ZMQPublisher('tcp://127.0.0.1:5556')
 * await publisher.send('10001 20 50')
 */
export class ZMQPublisher<const Options extends PublisherOptions = Record<never, never>> extends ZMQSocket {
  /**
   * `send(message)` sends a message as it is: subscriptions are matched on its first bytes. `send(topic, message)` puts
   * the topic in a frame before it, and they are matched on that; subscribers must be told by `topicFrame` or `topics`.
   *
   * Resolves when libzmq has accepted the message. It never waits for a subscriber: for one that is at its high-water
   * mark messages are dropped, whole, until it has read, and `stats.dropped` counts how often that began; unless `noDrop`
   * is set. Who has not subscribed yet does not get it. In order to each. Do not change a Uint8Array after it was given: large ones are not copied.
   * @throws {TroupeError} `INVALID_MESSAGE`, `ENCODE_FAILED`, `ABORTED`, `TIMEOUT`, `CLOSED`, `QUEUE_FULL`
   */
  readonly send: Send<Options>

  /** @throws {TroupeError} `INVALID_ENDPOINT`, `INVALID_OPTIONS` */
  constructor(endpoint?: string, options?: Options) {
    const caching = options?.lastValueCache === true
    super(caching ? 'xpublisher' : 'publisher', caching ? CachingOptions : PublisherOptions, endpoint, options)
    const publishing = new Publishing(this, options ?? {})
    this.send = publishing.send.bind(publishing) as Send<Options>
    if (caching) serveSubscriptions(this, publishing)
  }
}

const serveSubscriptions = (socket: ZMQSocket, publishing: Publishing) =>
  new Receiver(socket, { format: new Served(publishing), onInvalid: 'skip', keep: 0 })

/** Reads subscriptions as they come, and nothing else. */
class Served implements Format {
  readonly #publishing: Publishing

  constructor(publishing: Publishing) {
    this.#publishing = publishing
  }

  encode(): never {
    throw new TroupeError('INTERNAL', 'a publisher sends by another format')
  }

  decode(parts: readonly Uint8Array[]): typeof NOTHING {
    const event = subscriptionOf(parts)
    if (event !== undefined) this.#publishing.serve(event)
    return NOTHING
  }
}
