/**
 * What publishers of both kinds share: they send by topic, and give the last values to those that come late.
 */
import {
  canSendToDecided,
  decideSubscription,
  type Frames,
  Sender,
  sendToDecided,
  sendToOthers,
  type WaitOptions,
  type ZMQSocket,
} from '@troupe/core'
import { LastValues } from './last-values.js'
import type { SubscriptionEvent } from './subscription-event.js'
import { type Said, TopicFormat, type TopicOptions } from './topic-format.js'

/** How many topics have their last value kept, if no other number is given. */
const MAX_TOPICS = 1_000

export interface PublishingOptions extends TopicOptions {
  readonly lastValueTopics?: number | undefined
}

/** With a cache the publisher is an XPUB that decides on subscriptions itself, which libzmq must know as it opens. */
export const asManual = <Options extends { lastValueCache?: boolean | undefined }>(options: Options) => ({
  ...options,
  manual: true,
})

export class Publishing {
  readonly #socket: ZMQSocket
  readonly #sender: Sender<Said>
  readonly #lastValues: LastValues | undefined

  constructor(socket: ZMQSocket, options: PublishingOptions) {
    this.#socket = socket
    const lastValues = options.lastValueCache ? new LastValues(options.lastValueTopics ?? MAX_TOPICS) : undefined
    this.#lastValues = lastValues
    const onGiven = lastValues && ((frames: Frames) => lastValues.keep(frames as readonly (Uint8Array | string)[]))
    this.#sender = new Sender(socket, new TopicFormat(options), { onGiven })
  }

  /** One argument is a message; with more the first is its topic. */
  send(...args: [message: unknown] | [topic: unknown, message: unknown, options?: WaitOptions]): Promise<void> {
    if (args.length === 1) return this.#sender.send({ message: args[0] })
    const [topic, message, options] = args
    return this.#sender.send({ topic: topic as Said['topic'], message }, options)
  }

  /**
   * A subscription was just read: who made it gets the last values, and then what is sent from now on. All at once, so
   * that nothing is missed or comes twice.
   */
  serve({ type, topic }: SubscriptionEvent): void {
    if (this.#socket.state !== 'running') return
    const messages = type === 'subscribe' ? this.#lastValues!.of(topic) : []
    decideSubscription(this.#socket, type, topic)
    // libzmq can give one message to one peer alone, and no more.
    if (messages.length === 1 && canSendToDecided) sendToDecided(this.#socket, messages[0]!)
    else sendToOthers(this.#socket, topic, messages)
  }
}
