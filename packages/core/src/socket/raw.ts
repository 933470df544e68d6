/**
 * zeromq's sockets, as little of them as we use. They are wrapped, never inherited: their classes have methods that do
 * not belong to their types.
 */
import * as zeromq from 'zeromq'
import type { End } from '../endpoint.js'
import type { Frames } from '../message/codec.js'

export interface RawSocket {
  // bind and unbind of zeromq.js run in another thread and refuse all else meanwhile. Theirs never block, so they need
  // no thread; to unbind and to disconnect are one function in libzmq.
  bindSync(address: string): void
  connect(address: string): void
  disconnect(address: string): void
  close(): void
  readonly closed: boolean
  readonly lastEndpoint: string | null
  readonly events: zeromq.Observer
}

export interface RawSender extends RawSocket {
  send(frames: Frames): Promise<void>
}

export interface RawReceiver extends RawSocket {
  receive(): Promise<Uint8Array[]>
}

type Options = Record<string, unknown>

/**
 * After how many ms an operation that waits is begun again. zeromq.js can take none back: so a send that its sender
 * gave up, and a receive that nobody waits for any more, end here. And one that waits while `connect` or `bind` is
 * called on an inproc endpoint can miss its event, for ever: libzmq tells of each only once, and tells whoever calls.
 */
const SEND_AGAIN_MS = 50
const RECEIVE_AGAIN_MS = 100

const sends = { sendTimeout: SEND_AGAIN_MS }
const receives = { receiveTimeout: RECEIVE_AGAIN_MS }

/** The socket types, with the end that is theirs by default (czmq's). */
export const SOCKET_KINDS = {
  push: { end: 'connect' as End, open: (options: Options) => new zeromq.Push({ ...options, ...sends }) },
  pull: { end: 'bind' as End, open: (options: Options) => new zeromq.Pull({ ...options, ...receives }) },
  pair: { end: 'connect' as End, open: (options: Options) => new zeromq.Pair({ ...options, ...sends, ...receives }) },
}
export type SocketKind = keyof typeof SOCKET_KINDS

/** The code of a system error. */
export const codeOf = (error: unknown): unknown => (error as { code?: unknown } | null)?.code

/** Whether an operation has waited in vain. Also the error of one that was pending when its socket was closed. */
export const isTimedOut = (error: unknown): boolean => codeOf(error) === 'EAGAIN'
