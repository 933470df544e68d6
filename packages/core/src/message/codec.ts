/**
 * Codecs: how a value becomes the frames of a message and comes back.
 */
import { Packr, Unpackr } from 'msgpackr'
import { TroupeError } from '../errors.js'

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
const unpackr = new Unpackr({ useRecords: false })
// A byte order mark is part of a text.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const oneFrame = (
  name: CodecName,
  encode: (value: unknown) => Frames,
  decode: (frame: Uint8Array) => unknown,
): Codec => ({
  name,
  encode: (value) => guarded('ENCODE_FAILED', `a value cannot be encoded as ${name}`, () => encode(value)),
  decode: (parts) => {
    const [frame] = parts
    if (frame === undefined || parts.length !== 1) {
      throw new TroupeError(
        'DECODE_FAILED',
        `a message of ${parts.length} frames cannot be read as ${name}, which has one`,
      )
    }
    return guarded('DECODE_FAILED', `a message of ${frame.length} bytes cannot be read as ${name}`, () => decode(frame))
  },
})

const codecs: Record<CodecName, Codec> = {
  text: oneFrame(
    'text',
    (value) => expect(value, typeof value === 'string', 'a string'),
    (frame) => utf8.decode(frame),
  ),
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
      return text
    },
    (frame) => JSON.parse(utf8.decode(frame)) as unknown,
  ),
  msgpack: oneFrame(
    'msgpack',
    (value) => packr.pack(value),
    (frame) => unpackr.unpack(frame),
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

function guarded<Value>(code: 'ENCODE_FAILED' | 'DECODE_FAILED', what: string, run: () => Value): Value {
  try {
    return run()
  } catch (cause) {
    throw new TroupeError(code, `${what}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}
