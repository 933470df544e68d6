/**
 * How messages with a topic become frames and come back: the topic is the first frame, on which libzmq matches.
 */
import {
  type Format,
  type Frames,
  MessageFormat,
  type MessageOptions,
  partsOf,
  type Received,
  type Sent,
  TroupeError,
  type WaitOptions,
} from '@troupe/core'
import { keyOf, type SendByTopic, type TopicMessage, type Topics } from './topics.js'

/** Sends a message by a topic, which goes in a frame of its own. */
export type SendFramed<Message> = (topic: string | Uint8Array, message: Message, options?: WaitOptions) => Promise<void>

/** Sends a message as it is, or by a topic. */
export interface SendPlain<Message> {
  (message: Message): Promise<void>
  /** Without a topic, `undefined`, it is as `send(message)`, with options for the wait. */
  (topic: string | Uint8Array | undefined, message: Message, options?: WaitOptions): Promise<void>
}

/** How a publisher with such options sends. */
export type Send<Options> = Options extends { topics: infer Known extends Topics }
  ? SendByTopic<Known>
  : Options extends { lastValueCache: true }
    ? SendFramed<Sent<Options>>
    : SendPlain<Sent<Options>>

/** What a subscriber with such options receives. */
export type Published<Options> = Options extends { topics: infer Known extends Topics }
  ? TopicMessage<Known>
  : Options extends { topicFrame: true }
    ? { readonly topic: string; readonly message: Received<Options> }
    : Received<Options>

export interface TopicOptions extends MessageOptions {
  readonly topics?: Topics | undefined
  readonly topicFrame?: boolean | undefined
  readonly conflate?: boolean | undefined
  readonly lastValueCache?: boolean | undefined
}

/** A message on its way, with its topic if it has one. */
export interface Said {
  readonly topic?: string | Uint8Array | undefined
  readonly message: unknown
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Of publishers. */
export class TopicFormat implements Format {
  readonly #options: TopicOptions
  readonly #formats: Formats

  constructor(options: TopicOptions) {
    this.#options = options
    this.#formats = new Formats(options)
  }

  encode(value: unknown): Frames {
    const { topic, message } = value as Said
    const { topics, conflate, lastValueCache } = this.#options
    if (topic === undefined) {
      if (topics === undefined && lastValueCache !== true) return this.#formats.plain.encode(message)
      throw new TroupeError('ENCODE_FAILED', 'this publisher sends messages by a topic: send(topic, message)')
    }
    if (typeof topic !== 'string' && !(topic instanceof Uint8Array)) {
      throw new TroupeError('ENCODE_FAILED', `a topic must be a string or a Uint8Array, not a ${typeof topic}`)
    }
    if (conflate === true) {
      throw new TroupeError('ENCODE_FAILED', 'a publisher with conflate sends messages of one frame, without a topic')
    }
    const format =
      topics === undefined ? this.#formats.plain : this.#formats.of(Buffer.from(topic as string).toString()).format
    return [topic, ...partsOf(format.encode(message))]
  }

  /** Publishers receive no such messages. */
  decode(): never {
    throw new TroupeError('INTERNAL', 'a publisher has no messages to decode')
  }
}

/** Of subscribers. */
export class PublishedFormat implements Format {
  readonly #framed: boolean
  readonly #topics: Topics | undefined
  readonly #formats: Formats

  constructor(options: TopicOptions) {
    this.#topics = options.topics
    this.#framed = options.topicFrame === true || options.topics !== undefined
    this.#formats = new Formats(options)
  }

  /** Subscribers send no such messages. */
  encode(): never {
    throw new TroupeError('INTERNAL', 'a subscriber has no messages to encode')
  }

  decode(parts: readonly Uint8Array[]): unknown {
    if (!this.#framed) return this.#formats.plain.decode(parts)
    const [first, ...rest] = parts
    if (rest.length === 0) {
      throw new TroupeError('DECODE_FAILED', 'a message has one frame, where it should have a topic and what it says')
    }
    const topic = textOf(first!)
    if (this.#topics === undefined) return { topic, message: this.#formats.plain.decode(rest) }
    const { key, format } = this.#formats.of(topic)
    return { key, topic, message: format.decode(rest) }
  }
}

/** The formats of the topics' messages, and of those without. */
class Formats {
  readonly plain: Format
  readonly #topics: Topics
  readonly #byKey: ReadonlyMap<string, Format>

  constructor({ schema, codec, topics = {} }: TopicOptions) {
    this.plain = new MessageFormat({ schema, codec })
    this.#topics = topics
    this.#byKey = new Map(Object.entries(topics).map(([key, schema]) => [key, new MessageFormat({ schema, codec })]))
  }

  of(topic: string): { readonly key: string; readonly format: Format } {
    const key = keyOf(this.#topics, topic)
    if (key !== undefined) return { key, format: this.#byKey.get(key)! }
    throw new TroupeError(
      'INVALID_MESSAGE',
      `the topic ${JSON.stringify(topic)} has none of the prefixes of the option topics`,
    )
  }
}

function textOf(topic: Uint8Array): string {
  try {
    return utf8.decode(topic)
  } catch (cause) {
    throw new TroupeError('DECODE_FAILED', `a topic of ${topic.length} bytes is not UTF-8`, { cause })
  }
}
