/**
 * Messages of parts through a port between threads. A part that is large goes over as it is: the one copy is the one that
 * makes it the receiver's own.
 */
import type { MessagePort } from 'node:worker_threads'
import { isParts, type Parts } from './parts.js'

/** From this size on, in bytes, a part is handed over and not cloned, which costs less for small ones. */
const HANDED_OVER_BYTES = 16 << 10

/** Sends a message. The parts stay the sender's. */
export function postParts(port: MessagePort, parts: Parts): void {
  const copies = parts.map(ownCopy)
  const handedOver = copies.filter(({ byteLength }) => byteLength >= HANDED_OVER_BYTES).map(({ buffer }) => buffer)
  port.postMessage(copies, handedOver)
}

/** Calls `came` with each message that comes. */
export function readPort(port: MessagePort, came: (parts: Parts) => void): void {
  port.on('message', (parts: unknown) => {
    if (isParts(parts)) came(parts)
  })
}

/** What shares its memory with nothing: a clone of a part of a pool would take the whole pool along. */
function ownCopy(part: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = Buffer.allocUnsafeSlow(part.byteLength)
  const copy = new Uint8Array(buffer as ArrayBuffer)
  copy.set(part)
  return copy
}
