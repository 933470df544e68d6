/**
 * Values as JSON, where JSON does not have all that they may be.
 */
import { TroupeError } from '@troupe/core'

/** A value as JSON on one line: bytes as base64, integers beyond what a number holds as text, nothing as null. */
export function jsonOf(value: unknown, indent = 0): string {
  return JSON.stringify(value, asJson, indent) ?? 'null'
}

// Bytes are looked at where they stand: a Buffer has a JSON form of its own, and its value here would be that.
function asJson(this: Record<string, unknown>, key: string, value: unknown): unknown {
  const own = this[key]
  if (own instanceof Uint8Array) return Buffer.from(own.buffer, own.byteOffset, own.byteLength).toString('base64')
  return typeof own === 'bigint' ? own.toString() : value
}

/** @throws {TroupeError} `DECODE_FAILED`, which says that `what` is not JSON */
export function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new TroupeError('DECODE_FAILED', `${what} is not JSON: ${(cause as Error).message}`, { cause })
  }
}
