/**
 * Packs: many messages in one frame, as docs/wire/packed.md describes them. Sending a frame costs the same whether it
 * holds one small message or a thousand.
 *
 * `TPK` and the version, a byte each; then, as 32-bit little-endian integers, the number of messages and the length of
 * each in bytes; then the messages, one after another.
 */
import { isAscii } from 'node:buffer'
import { TroupeError } from '../errors.js'

const MAGIC = Buffer.from([0x54, 0x50, 0x4b, 1])
const HEAD_BYTES = MAGIC.length + 4
/** What stands before a message costs so much. */
export const LENGTH_BYTES = 4

/** More messages are not taken in one pack: each costs who reads it some hundred bytes, and who sends it four. */
const MAX_MESSAGES = 262_144

/** Messages of one frame each as one frame. */
export function pack(messages: readonly (Uint8Array | string)[]): Buffer {
  const texts = packTexts(messages)
  if (texts !== undefined) return texts
  const lengths = messages.map((message) => Buffer.byteLength(message))
  const packed = headed(lengths)
  let at = HEAD_BYTES + LENGTH_BYTES * messages.length
  for (const [index, message] of messages.entries()) {
    if (typeof message === 'string') packed.write(message, at)
    else packed.set(message, at)
    at += lengths[index]!
  }
  return packed
}

/** A list of strings that are all ASCII is written in one go. */
function packTexts(messages: readonly (Uint8Array | string)[]): Buffer | undefined {
  if (typeof messages[0] !== 'string' || typeof messages.at(-1) !== 'string') return undefined
  const lengths = new Array<number>(messages.length)
  for (let index = 0; index < messages.length; index++) {
    const message = messages[index]!
    if (typeof message !== 'string') return undefined
    lengths[index] = message.length
  }
  const text = messages.join('')
  const packed = headed(lengths)
  const at = HEAD_BYTES + LENGTH_BYTES * messages.length
  // Where one character took more than a byte, its text does not end where its length says.
  return Buffer.byteLength(text) === text.length && packed.write(text, at, 'latin1') === text.length
    ? packed
    : undefined
}

function headed(lengths: readonly number[]): Buffer {
  let bytes = HEAD_BYTES + LENGTH_BYTES * lengths.length
  for (const length of lengths) bytes += length
  const packed = Buffer.allocUnsafe(bytes)
  packed.set(MAGIC)
  packed.writeUInt32LE(lengths.length, MAGIC.length)
  let at = HEAD_BYTES
  for (const length of lengths) at = packed.writeUInt32LE(length, at)
  return packed
}

/** The messages of a pack. They share its memory. */
export interface Pack {
  readonly lengths: readonly number[]
  /** All messages, one after another. */
  readonly body: Buffer
}

/** @throws {TroupeError} `DECODE_FAILED` for what is no pack */
export function unpack(part: Uint8Array): Pack {
  const packed = Buffer.from(part.buffer, part.byteOffset, part.byteLength)
  if (packed.length < HEAD_BYTES || !packed.subarray(0, MAGIC.length).equals(MAGIC)) throw noPack('has no head of one')
  const count = packed.readUInt32LE(MAGIC.length)
  if (count > MAX_MESSAGES) throw noPack(`would hold ${count} messages, and ${MAX_MESSAGES} are the most`)
  const begin = HEAD_BYTES + LENGTH_BYTES * count
  if (packed.length < begin) throw noPack(`is too short for the lengths of ${count} messages`)
  const lengths = new Array<number>(count)
  let bytes = 0
  for (let index = 0, at = HEAD_BYTES; index < count; index++, at += LENGTH_BYTES) {
    const length = packed.readUInt32LE(at)
    lengths[index] = length
    bytes += length
  }
  if (begin + bytes !== packed.length) throw noPack(`has ${packed.length - begin} bytes for messages of ${bytes}`)
  return { lengths, body: packed.subarray(begin) }
}

/** The messages of a pack, each as its bytes. */
export function framesOf({ lengths, body }: Pack): Buffer[] {
  let at = 0
  return lengths.map((length) => {
    at += length
    return body.subarray(at - length, at)
  })
}

/** The messages of a pack, each as a string; undefined if they are not all ASCII, and must be read one by one. */
export function textsOf({ lengths, body }: Pack): string[] | undefined {
  if (!isAscii(body)) return undefined
  const text = body.toString('latin1')
  let at = 0
  return lengths.map((length) => {
    at += length
    return text.slice(at - length, at)
  })
}

const noPack = (why: string) => new TroupeError('DECODE_FAILED', `a message of a packed socket is no pack: it ${why}`)
