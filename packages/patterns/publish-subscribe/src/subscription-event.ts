/**
 * What an XPUB is told: that something is subscribed to or no more, and what XSUBs send upstream.
 */
import { type Format, type Frames, MessageFormat, partsOf, type Received, type Sent, TroupeError } from '@troupe/core'
import type { TopicOptions } from './topic-format.js'

interface SubscriptionChange<Type> {
  readonly type: Type
  /** The prefix that is subscribed to. It need not be text. */
  readonly topic: Uint8Array
  /** The same as text; what is not UTF-8 in it is replaced. */
  readonly text: string
}

/** A subscription begins or ends. */
export type SubscriptionEvent = SubscriptionChange<'subscribe'> | SubscriptionChange<'unsubscribe'>

/** A message that an XSUB has sent upstream. */
export interface UpstreamMessage<Message> {
  readonly type: 'message'
  readonly message: Message
}

/** What XSUBs with such options send upstream: with `topics` whatever the codec carries, json by default. */
export type SentUpstream<Options> = Options extends { topics: unknown } ? unknown : Sent<Options>
export type ReceivedUpstream<Options> = Options extends { topics: unknown } ? unknown : Received<Options>

const SUBSCRIBE = 1
const UNSUBSCRIBE = 0

/** The frame with which an XSUB subscribes or unsubscribes. */
export const subscriptionFrame = (type: SubscriptionEvent['type'], prefix: Uint8Array): Uint8Array =>
  Buffer.concat([Uint8Array.of(type === 'subscribe' ? SUBSCRIBE : UNSUBSCRIBE), prefix])

/** The subscription that a message to an XPUB is, if it is one. */
export function subscriptionOf([frame, ...rest]: readonly Uint8Array[]): SubscriptionEvent | undefined {
  if (rest.length > 0 || !isSubscription(frame!)) return undefined
  const topic = frame!.subarray(1)
  return { type: frame![0] === SUBSCRIBE ? 'subscribe' : 'unsubscribe', topic, text: Buffer.from(topic).toString() }
}

const isSubscription = ([first]: Uint8Array) => first === SUBSCRIBE || first === UNSUBSCRIBE

/** What goes upstream: subscriptions, and messages that cannot be taken for one. */
export class UpstreamFormat implements Format {
  readonly #messages: Format

  constructor({ schema, codec, topics }: TopicOptions) {
    this.#messages = new MessageFormat({ schema, codec: codec ?? (topics === undefined ? undefined : 'json') })
  }

  encode(value: unknown): Frames {
    const said = value as SubscriptionEvent | UpstreamMessage<unknown>
    if (said.type !== 'message') return subscriptionFrame(said.type, said.topic)
    const frames = this.#messages.encode(said.message)
    if (!partsOf(frames).some((frame) => isSubscription(Buffer.from(frame as string)))) return frames
    const why = 'a frame that begins with the byte 0 or 1 is a subscription'
    throw new TroupeError('ENCODE_FAILED', `a message cannot be sent upstream: ${why}`)
  }

  decode(parts: readonly Uint8Array[]): SubscriptionEvent | UpstreamMessage<unknown> {
    return subscriptionOf(parts) ?? { type: 'message', message: this.#messages.decode(parts) }
  }
}
