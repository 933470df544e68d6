/**
 * zeromq's sockets, as little of them as we use. They are wrapped, never inherited: their classes have methods that do
 * not belong to their types.
 */
import * as zeromq from 'zeromq'
import type { End } from '../endpoint.js'
import type { Frames } from '../message/codec.js'
import type { SecurableSocket } from '../security/security.js'

/** libzmq's own limit is 1,023 to a process, and a socket that is watched takes three. It counts from the first socket on. */
zeromq.context.maxSockets = 40_000

export interface RawSocket extends SecurableSocket {
  // bind and unbind of zeromq.js run in another thread and refuse all else meanwhile. Theirs never block, so they need
  // no thread; to unbind and to disconnect are one function in libzmq.
  bindSync(address: string): void
  connect(address: string): void
  disconnect(address: string): void
  close(): void
  readonly closed: boolean
  linger: number
  readonly lastEndpoint: string | null
  readonly events: zeromq.Observer
}

export interface RawSender extends RawSocket {
  send(frames: Frames): Promise<void>
  /** Whether one of its peers has room. To ask has libzmq take notice of what they have told. */
  readonly writable: boolean
  /** Of publishers: a message that one of the subscribers has no room for is refused, and goes to none. */
  noDrop?: boolean
}

export interface RawReceiver extends RawSocket {
  receive(): Promise<Uint8Array[]>
  /** After how many ms a receive has waited in vain. */
  receiveTimeout: number
  /** As {@link RawSender.writable}. */
  readonly readable: boolean
}

export interface RawSubscriber extends RawReceiver {
  subscribe(...prefixes: (Buffer | string)[]): void
  unsubscribe(...prefixes: (Buffer | string)[]): void
}

export interface RawPublisher extends RawSender {
  invertMatching: boolean
  /** By ZeroMQ's number: zeromq.js has no name for those of an XPUB that decides on subscriptions itself. */
  setStringOption(option: number, value: Uint8Array | null): void
  setBoolOption(option: number, value: boolean): void
}

type Options = Record<string, unknown>

/**
 * After how many ms an operation that waits is begun again. zeromq.js can take none back: so a send that its sender
 * gave up, and a receive that nobody waits for any more, end here. And one that waits while `connect` or `bind` is
 * called on an inproc endpoint can miss its event, for ever: libzmq tells of each only once, and tells whoever calls.
 */
const SEND_AGAIN_MS = 50
export const RECEIVE_AGAIN_MS = 100

/** A receive waits as long again as it has waited, up to so many ms: ten thousand idle sockets are then no work. */
export const LONGEST_RECEIVE_MS = 1_000

const waits = { sendTimeout: SEND_AGAIN_MS }
// Those whose sends never wait: they drop, or are refused. What they do is done when `send` returns its promise.
const refuses = { sendTimeout: 0 }
const receives = { receiveTimeout: RECEIVE_AGAIN_MS }

/** What becomes of a message that a peer has no room for: libzmq waits for room, refuses it, or drops it for that peer. */
export type WhenFull = 'wait' | 'refuse' | 'drop'

interface Kind {
  /** The end that is its own by default, which is czmq's. */
  readonly end: End
  readonly whenFull: WhenFull
  open(options: Options): unknown
}

const kindOf = (end: End, whenFull: WhenFull, open: (options: Options) => unknown): Kind => ({ end, whenFull, open })

/** The socket types. */
export const SOCKET_KINDS = {
  push: kindOf('connect', 'wait', (options) => new zeromq.Push({ ...options, ...waits })),
  pull: kindOf('bind', 'wait', (options) => new zeromq.Pull({ ...options, ...receives })),
  pair: kindOf('connect', 'wait', (options) => new zeromq.Pair({ ...options, ...waits, ...receives })),
  request: kindOf('connect', 'wait', (options) => new zeromq.Request({ ...options, ...waits, ...receives })),
  reply: kindOf('bind', 'wait', (options) => new zeromq.Reply({ ...options, ...waits, ...receives })),
  dealer: kindOf('connect', 'wait', (options) => new zeromq.Dealer({ ...options, ...waits, ...receives })),
  // With mandatory and noDrop libzmq tells of what it would drop: so it can be counted, and then be dropped all the same.
  router: kindOf(
    'bind',
    'refuse',
    (options) => new zeromq.Router({ ...options, ...refuses, ...receives, mandatory: true }),
  ),
  publisher: kindOf('bind', 'drop', (options) => new zeromq.Publisher({ ...options, ...refuses, noDrop: true })),
  xpublisher: kindOf(
    'bind',
    'drop',
    (options) => new zeromq.XPublisher({ ...options, ...refuses, ...receives, noDrop: true }),
  ),
  subscriber: kindOf('connect', 'wait', (options) => new zeromq.Subscriber({ ...options, ...receives })),
  xsubscriber: kindOf('connect', 'wait', (options) => new zeromq.XSubscriber({ ...options, ...waits, ...receives })),
} satisfies Record<string, Kind>
export type SocketKind = keyof typeof SOCKET_KINDS

/**
 * Sets options of a socket that has endpoints. zeromq.js would warn the process that libzmq heeds them only later,
 * which is not so for those of publishers, and is as it should be for those of security.
 */
export function quietly<Result>(set: () => Result): Result {
  const { emitWarning } = process
  process.emitWarning = () => undefined
  try {
    return set()
  } finally {
    process.emitWarning = emitWarning
  }
}

/** The code of a system error. */
export const codeOf = (error: unknown): unknown => (error as { code?: unknown } | null)?.code

/** Whether an operation has waited in vain. Also the error of one that was pending when its socket was closed. */
export const isTimedOut = (error: unknown): boolean => codeOf(error) === 'EAGAIN'
