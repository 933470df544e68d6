/**
 * What subscribers and publishers ask of libzmq besides sending and receiving. For the pattern packages.
 */
import { capability } from 'zeromq'
import { ClosedError } from '../errors.js'
import type { Frames } from '../message/codec.js'
import { quietly, type RawPublisher, type RawSocket, type RawSubscriber } from './raw.js'
import { heartOf, type ZMQSocket } from './socket.js'

const ZMQ_SUBSCRIBE = 6
const ZMQ_UNSUBSCRIBE = 7
const ZMQ_XPUB_MANUAL = 71
const ZMQ_XPUB_MANUAL_LAST_VALUE = 98

/** Of a SUB. @throws {ClosedError} `CLOSED` */
export function subscribe(socket: ZMQSocket, prefixes: readonly Uint8Array[]): void {
  const raw = openRaw<RawSubscriber>(socket)
  if (prefixes.length > 0) raw.subscribe(...prefixes.map(bufferOf))
}

/** Of a SUB. @throws {ClosedError} `CLOSED` */
export function unsubscribe(socket: ZMQSocket, prefixes: readonly Uint8Array[]): void {
  const raw = openRaw<RawSubscriber>(socket)
  if (prefixes.length > 0) raw.unsubscribe(...prefixes.map(bufferOf))
}

/**
 * Of an XPUB that decides on subscriptions itself (`manual`): the peer whose subscription was read last gets messages
 * of that prefix from now on, or no more. If it has gone meanwhile, nothing happens.
 * @throws {ClosedError} `CLOSED`
 */
export function decideSubscription(socket: ZMQSocket, type: 'subscribe' | 'unsubscribe', prefix: Uint8Array): void {
  const option = type === 'subscribe' ? ZMQ_SUBSCRIBE : ZMQ_UNSUBSCRIBE
  openRaw<RawPublisher>(socket).setStringOption(option, prefix.length === 0 ? null : bufferOf(prefix))
}

/** Whether libzmq has {@link sendToDecided}: an option in draft, which the binaries that zeromq.js brings have. */
export const canSendToDecided: boolean = capability.draft === true

/**
 * Of an XPUB: gives a message to the peer whose subscription was read and decided last, and to no other; unless that peer
 * dies at that moment, when all subscribers get it. Done when it returns.
 * @throws {ClosedError} `CLOSED`
 */
export function sendToDecided(socket: ZMQSocket, frames: Frames): void {
  const raw = openRaw<RawPublisher>(socket)
  quietly(() => {
    raw.setBoolOption(ZMQ_XPUB_MANUAL_LAST_VALUE, true)
    raw.send(frames).catch(() => undefined)
    // Off, it takes the decisions themselves away.
    raw.setBoolOption(ZMQ_XPUB_MANUAL_LAST_VALUE, false)
    raw.setBoolOption(ZMQ_XPUB_MANUAL, true)
  })
}

/**
 * Of an XPUB: gives messages to the peer whose subscription to a prefix of them all was read and decided last, and to
 * those that have not subscribed to them: subscribers let them drop, unless their own subscription has yet to be decided.
 * What a peer has no room for is lost. Done when it returns.
 * @throws {ClosedError} `CLOSED`
 */
export function sendToOthers(socket: ZMQSocket, prefix: Uint8Array, messages: readonly Frames[]): void {
  const raw = openRaw<RawPublisher>(socket)
  quietly(() => {
    raw.noDrop = false
    for (const frames of messages) {
      // With the end of any peer libzmq forgets who was last. It shall see those that there are now, not when it sends,
      // and the peer has taken its subscription back for that moment.
      void raw.writable
      decideSubscription(socket, 'unsubscribe', prefix)
      raw.invertMatching = true
      raw.send(frames).catch(() => undefined)
      raw.invertMatching = false
      decideSubscription(socket, 'subscribe', prefix)
    }
    raw.noDrop = true
  })
}

function openRaw<Raw extends RawSocket>(socket: ZMQSocket): Raw {
  const { raw, lifecycle, what } = heartOf(socket)
  if (lifecycle.state === 'failed') throw lifecycle.error
  if (raw.closed) throw new ClosedError(`the ${what}`)
  return raw as Raw
}

const bufferOf = ({ buffer, byteOffset, length }: Uint8Array) => Buffer.from(buffer, byteOffset, length)
