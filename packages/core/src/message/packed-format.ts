/**
 * Reads the packs of a packed socket.
 */
import { InvalidOptionsError } from '../errors.js'
import type { CodecName, Frames } from './codec.js'
import { framesOf, type Pack, textsOf, unpack } from './pack.js'
import { type Came, type Format, MessageFormat, type MessageOptions } from './schema.js'

/** Splits what came into what stands before the pack, and the pack. May throw for what has none. */
export type Unwrap = (parts: readonly Uint8Array[]) => {
  readonly part: Uint8Array
  /** Makes of a message what is given to the receiver. */
  readonly wrap?: (message: unknown) => unknown
}

const alone: Unwrap = (parts) => ({ part: parts.length === 1 ? parts[0]! : new Uint8Array() })

export class PackedFormat implements Format {
  readonly #messages: MessageFormat
  readonly #areTexts: boolean
  readonly #unwrap: Unwrap

  constructor(options: MessageOptions, unwrap: Unwrap = alone) {
    assertPackable(options.codec)
    this.#messages = new MessageFormat(options)
    this.#areTexts = options.schema === undefined && (options.codec ?? 'text') === 'text'
    this.#unwrap = unwrap
  }

  encode(value: unknown): Frames {
    return this.#messages.encode(value)
  }

  decode(parts: readonly Uint8Array[]): unknown {
    return this.#messages.decode(parts)
  }

  decodeMany(parts: readonly Uint8Array[]): Came<unknown>[] {
    let pack: Pack
    let wrap: ((message: unknown) => unknown) | undefined
    try {
      const unwrapped = this.#unwrap(parts)
      pack = unpack(unwrapped.part)
      wrap = unwrapped.wrap
    } catch (error) {
      return [{ error }]
    }
    const texts = this.#areTexts ? textsOf(pack) : undefined
    if (texts !== undefined) return texts.map((value) => ({ value: wrap === undefined ? value : wrap(value) }))
    return framesOf(pack).map((frame) => {
      try {
        const value = this.#messages.decode([frame])
        return { value: wrap === undefined ? value : wrap(value) }
      } catch (error) {
        return { error }
      }
    })
  }
}

/** @throws {InvalidOptionsError} `INVALID_OPTIONS` for multipart messages, which no pack holds */
export function assertPackable(codec: CodecName | undefined): void {
  if (codec !== 'frames') return
  const message = 'a packed socket has messages of one frame: not the codec `frames`'
  throw new InvalidOptionsError('a packed socket', [{ path: 'packed', message }])
}
