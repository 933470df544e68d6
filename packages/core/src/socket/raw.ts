/**
 * zeromq's sockets, as little of them as we use. They are wrapped, never inherited: their classes have methods that do
 * not belong to their types.
 */
import * as zeromq from 'zeromq'
import type { End } from '../endpoint.js'
import type { Frames } from '../message/codec.js'

export interface RawSocket {
  bind(address: string): Promise<void>
  unbind(address: string): Promise<void>
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

/** The socket types, with the end that is theirs by default (czmq's). */
export const SOCKET_KINDS = {
  push: { end: 'connect' as End, open: (options: Options) => new zeromq.Push(options) },
  pull: { end: 'bind' as End, open: (options: Options) => new zeromq.Pull(options) },
  pair: { end: 'connect' as End, open: (options: Options) => new zeromq.Pair(options) },
}
export type SocketKind = keyof typeof SOCKET_KINDS
