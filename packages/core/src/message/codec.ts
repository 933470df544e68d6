/**
 * Codecs: how a value becomes the frames of a message and comes back.
 */
import { isUtf8 } from 'node:buffer'
import { Packr } from 'msgpackr'
import { TroupeError } from '../errors.js'
import { assertJsonLimits, parseJson } from './json-text.js'
import { StrictMsgpack } from './strict-msgpack.js'

export const CODEC_NAMES = ['text', 'bytes', 'json', 'msgpack', 'frames'] as const

/**
 * `text`: a string as UTF-8. `bytes`: a Uint8Array as it is. `json`, `msgpack`: a value, in one frame.
 * `frames`: a multipart message as it is, an array of Uint8Arrays (strings are sent as UTF-8).
 */
export type CodecName = (typeof CODEC_NAMES)[number]

/** What a socket puts on the wire: one frame, or the parts of a multipart message. */
export type Frames = Uint8Array | string | readonly (Uint8Array | string)[]

/** The parts of a message as a list. */
export const partsOf = (frames: Frames): readonly (Uint8Array | string)[] =>
  typeof frames === 'string' || frames instanceof Uint8Array ? [frames] : frames

export interface Codec {
  readonly name: CodecName
  /** @throws {TroupeError} `ENCODE_FAILED` */
  encode(value: unknown): Frames
  /** @throws {TroupeError} `DECODE_FAILED` */
  decode(parts: readonly Uint8Array[]): unknown
}

const packr = new Packr({ useRecords: false })
const strict = new StrictMsgpack()
const oneFrame = (
  name: CodecName,
  encode: (value: unknown) => Frames,
  decode: (frame: Uint8Array) => unknown,
): Codec => ({
  name,
  encode: (value) => {
    try {
      return encode(value)
    } catch (cause) {
      throw failed('ENCODE_FAILED', `a value cannot be encoded as ${name}`, cause)
    }
  },
  decode: (parts) => {
    const [frame] = parts
    if (frame === undefined || parts.length !== 1) {
      throw new TroupeError(
        'DECODE_FAILED',
        `a message of ${parts.length} frames cannot be read as ${name}, which has one`,
      )
    }
    try {
      return decode(frame)
    } catch (cause) {
      throw failed('DECODE_FAILED', `a message of ${frame.length} bytes cannot be read as ${name}`, cause)
    }
  },
})

const codecs: Record<CodecName, Codec> = {
  text: oneFrame('text', (value) => expect(value, typeof value === 'string', 'a string'), textOf),
  bytes: oneFrame(
    'bytes',
    (value) => expect(value, value instanceof Uint8Array, 'a Uint8Array'),
    (frame) => frame,
  ),
  json: oneFrame(
    'json',
    (value) => {
      const text = JSON.stringify(value) as string | undefined
      if (text === undefined) throw new TypeError(`JSON has no ${typeof value}`)
      assertJsonLimits(text)
      return text
    },
    (frame) => parseJson(textOf(frame)),
  ),
  msgpack: oneFrame(
    'msgpack',
    (value) => strict.check(packr.pack(value)),
    (frame) => strict.decode(frame),
  ),
  frames: {
    name: 'frames',
    encode: (value) => {
      const ok = Array.isArray(value) && value.length > 0 && value.every(isFrame)
      if (ok) return value as (Uint8Array | string)[]
      throw new TroupeError('ENCODE_FAILED', 'a message must be a non-empty array of Uint8Arrays or strings')
    },
    decode: (parts) => parts,
  },
}

/** The codec of a name. */
export const codecOf = (name: CodecName): Codec => codecs[name]

const isFrame = (part: unknown) => part instanceof Uint8Array || typeof part === 'string'

function expect(value: unknown, ok: boolean, wanted: string): Frames {
  if (!ok) throw new TypeError(`it is ${value === null ? 'null' : `a ${typeof value}`}, not ${wanted}`)
  return value as Frames
}

/** A byte order mark is part of a text. Faster for small ones than a TextDecoder. */
function textOf(frame: Uint8Array): string {
  const { buffer, byteOffset, byteLength } = frame
  if (isUtf8(frame)) return (Buffer.isBuffer(frame) ? frame : Buffer.from(buffer, byteOffset, byteLength)).toString()
  throw new TypeError('it is not UTF-8')
}

const failed = (code: 'ENCODE_FAILED' | 'DECODE_FAILED', what: string, cause: unknown) =>
  new TroupeError(code, `${what}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
