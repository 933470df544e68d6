/**
 * How messages are copied: as msgpack, whatever the isolation, so that an actor gets the same everywhere.
 */
import { codecOf } from '@troupe/core/codec'

const msgpack = codecOf('msgpack')

/** A message as bytes of their own. @throws {TroupeError} `ENCODE_FAILED` */
export const pack = (message: unknown): Uint8Array<ArrayBuffer> =>
  // The encoder's buffer is shared with what it encodes next.
  Uint8Array.prototype.slice.call(msgpack.encode(message) as Uint8Array) as Uint8Array<ArrayBuffer>

/** @throws {TroupeError} `DECODE_FAILED` */
export const unpack = (bytes: Uint8Array): unknown => msgpack.decode([bytes])

/** A copy of a message, as it would be elsewhere: plain data. @throws {TroupeError} `ENCODE_FAILED` */
export function copied(message: unknown): unknown {
  // Nothing of these is shared.
  if (typeof message === 'string' || typeof message === 'number' || typeof message === 'boolean') return message
  return msgpack.decode([msgpack.encode(message) as Uint8Array])
}
