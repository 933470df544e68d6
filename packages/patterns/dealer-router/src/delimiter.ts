/**
 * The empty frame that requests and replies put before a message (28/REQREP), which dealers and routers leave to their
 * user: with `delimiter` it is written and read for them.
 */
import { type Format, type Frames, MessageFormat, type MessageOptions, partsOf, TroupeError } from '@troupe/core'

/** The format of a socket's messages, without its routing id. */
export function formatOf(options: MessageOptions & { readonly delimiter?: boolean | undefined }): Format {
  const messages = new MessageFormat(options)
  return options.delimiter === true ? new Delimited(messages) : messages
}

class Delimited implements Format {
  readonly #messages: Format

  constructor(messages: Format) {
    this.#messages = messages
  }

  encode(value: unknown): Frames {
    return ['', ...partsOf(this.#messages.encode(value))]
  }

  decode([first, ...rest]: readonly Uint8Array[]): unknown {
    if (first?.length === 0 && rest.length > 0) return this.#messages.decode(rest)
    throw new TroupeError(
      'DECODE_FAILED',
      'a message is not an empty frame and something behind it, as of requests and replies',
    )
  }
}
