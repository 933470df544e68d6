/**
 * The last message of each topic, for subscribers that come later. Bounded: of too many topics that which was sent
 * longest ago is forgotten.
 */
import type { Frames } from '@troupe/core'

export class LastValues {
  readonly #maxTopics: number
  /** By topic, as one character for each of its bytes: so a prefix of bytes is a prefix of the text. */
  readonly #messages = new Map<string, Frames>()

  constructor(maxTopics: number) {
    this.#maxTopics = maxTopics
  }

  /** A message, whose first frame is its topic. */
  keep([topic, ...rest]: readonly (Uint8Array | string)[]): void {
    const key = byteText(topic!)
    this.#messages.delete(key)
    this.#messages.set(key, [topic!, ...rest].map(copyOf))
    if (this.#messages.size <= this.#maxTopics) return
    for (const oldest of this.#messages.keys()) {
      this.#messages.delete(oldest)
      break
    }
  }

  /** Those whose topic has the prefix, in the order in which they were sent. */
  of(prefix: Uint8Array): Frames[] {
    const text = byteText(prefix)
    return [...this.#messages].filter(([topic]) => topic.startsWith(text)).map(([, message]) => message)
  }
}

const byteText = (bytes: Uint8Array | string): string => Buffer.from(bytes as string).toString('latin1')

/** The sender may change its bytes after a while; the message is kept for longer. */
const copyOf = (frame: Uint8Array | string) => (typeof frame === 'string' ? frame : Uint8Array.from(frame))
