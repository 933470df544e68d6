/**
 * Messages: a schema for what is said and a codec for how. The sender validates a value and sends it as it is; the
 * receiver parses it. So transforms and defaults run once, at the receiver.
 */
import type { z } from 'zod'
import { TroupeError } from '../errors.js'
import { type CodecName, codecOf, type Frames } from './codec.js'
import { InvalidMessageError } from './invalid-message-error.js'

export interface MessageOptions {
  /** What a message must be, checked synchronously. Without one, whatever the codec can carry. */
  readonly schema?: z.ZodType | undefined
  /** How a message is put on the wire. Default: `json` with a schema, `text` without. */
  readonly codec?: CodecName | undefined
}

type Carried<Options> = Options extends { codec: 'bytes' }
  ? Uint8Array
  : Options extends { codec: 'json' | 'msgpack' }
    ? unknown
    : string

/** What a socket with such options sends. */
export type Sent<Options> = Options extends { schema: infer Schema extends z.ZodType }
  ? z.input<Schema>
  : Options extends { codec: 'frames' }
    ? readonly (Uint8Array | string)[]
    : Carried<Options>

/** What a socket with such options receives. */
export type Received<Options> = Options extends { schema: infer Schema extends z.ZodType }
  ? z.output<Schema>
  : Options extends { codec: 'frames' }
    ? Uint8Array[]
    : Carried<Options>

/** What a format makes of a message that is for nobody to receive: it is not counted either. */
export const NOTHING = Symbol('nothing')

/** How the messages of a socket become frames, and come back. */
export interface Format {
  /** @throws {TroupeError} `INVALID_MESSAGE`, `ENCODE_FAILED` */
  encode(value: unknown): Frames
  /**
   * A value, or {@link NOTHING}.
   * @throws {TroupeError} `INVALID_MESSAGE`, `DECODE_FAILED`
   */
  decode(parts: readonly Uint8Array[]): unknown
  /** Instead of `decode`, where one message of the wire holds several. Does not throw. */
  decodeMany?(parts: readonly Uint8Array[]): Iterable<Came<unknown>>
}

/** A message that came, or why it cannot be read. */
export type Came<Value> = { readonly value: Value } | { readonly error: unknown }

/** Messages that are what the schema and the codec say, and nothing more. */
export class MessageFormat implements Format {
  readonly #schema: z.ZodType | undefined
  readonly #codec

  constructor({ schema, codec }: MessageOptions) {
    this.#schema = schema
    this.#codec = codecOf(codec ?? (schema === undefined ? 'text' : 'json'))
  }

  /** @throws {TroupeError} `INVALID_MESSAGE`, `ENCODE_FAILED` */
  encode(value: unknown): Frames {
    if (this.#schema !== undefined) parse(this.#schema, value, 'the message to send')
    return this.#codec.encode(value)
  }

  /** @throws {TroupeError} `INVALID_MESSAGE`, `DECODE_FAILED` */
  decode(parts: readonly Uint8Array[]): unknown {
    const value = this.#codec.decode(parts)
    return this.#schema === undefined ? value : parse(this.#schema, value, 'a message that came')
  }
}

function parse(schema: z.ZodType, value: unknown, what: string): unknown {
  let parsed: z.ZodSafeParseResult<unknown>
  try {
    parsed = schema.safeParse(value)
  } catch (cause) {
    // A refinement or transform that throws, or that is asynchronous.
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new TroupeError('INVALID_MESSAGE', `${what} cannot be checked, its schema failed: ${why}`, { cause })
  }
  if (parsed.success) return parsed.data
  throw new InvalidMessageError(what, parsed.error)
}
