/**
 * Topics by their prefixes, each with the schema of its messages, and what they mean for the types of both ends.
 */
import type { MessageOptions, Received, Sent, WaitOptions } from '@troupe/core'

/** Prefixes of topics, each with the schema of its messages. */
export type Topics = Readonly<Record<string, NonNullable<MessageOptions['schema']>>>

type KeyOf<Known extends Topics> = keyof Known & string

/** A topic that one of the prefixes fits. */
export type TopicIn<Known extends Topics> = { [Key in KeyOf<Known>]: `${Key}${string}` }[KeyOf<Known>]

type Fitting<Known extends Topics, Topic extends string> = {
  [Key in KeyOf<Known>]: Topic extends `${Key}${string}` ? Key : never
}[KeyOf<Known>]

/** All of them begin the same topic, so the longest is the one that begins no other. */
type Longest<Keys extends string> = {
  [Key in Keys]: [Extract<Exclude<Keys, Key>, `${Key}${string}`>] extends [never] ? Key : never
}[Keys]

/** What may be sent by a topic. */
export type SentBy<Known extends Topics, Topic extends string> = Sent<{ schema: Known[Longest<Fitting<Known, Topic>>] }>

/** What comes, by the prefix that its topic has. */
export type TopicMessage<Known extends Topics> = {
  [Key in KeyOf<Known>]: {
    /** The longest prefix that the topic has: it tells which type the message is of. */
    readonly key: Key
    readonly topic: `${Key}${string}`
    readonly message: Received<{ schema: Known[Key] }>
  }
}[KeyOf<Known>]

/** Sends a message by a topic that one of the prefixes of `topics` fits. */
export type SendByTopic<Known extends Topics> = <Topic extends TopicIn<Known>>(
  topic: Topic,
  message: SentBy<Known, Topic>,
  options?: WaitOptions,
) => Promise<void>

/** The longest of the prefixes that the topic has. */
export function keyOf(topics: Topics, topic: string): string | undefined {
  const keys = Object.keys(topics).filter((key) => topic.startsWith(key))
  return keys.reduce<string | undefined>(
    (best, key) => (best === undefined || key.length > best.length ? key : best),
    undefined,
  )
}
