/**
 * The events of a socket's connections, for all that want them: libzmq has one monitor to a socket.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Event, Observer } from 'zeromq'
import { TroupeError } from '../errors.js'
import { codeOf, type RawSocket } from './raw.js'

/** What can happen to a connection, by libzmq's names. */
export type MonitorEvent =
  | {
      readonly type: 'listening' | 'accepted' | 'connected' | 'connect_delayed' | 'disconnected' | 'closed'
      readonly address: string
    }
  | { readonly type: 'handshake_succeeded'; readonly address: string }
  | { readonly type: 'connect_retried'; readonly address: string; readonly intervalMs: number }
  | {
      readonly type: 'bind_failed' | 'accept_failed' | 'close_failed'
      readonly address: string
      readonly error: Error
    }
  | {
      readonly type: 'handshake_failed'
      readonly address: string
      /**
       * `auth`: one of the two refused the other, `error.status` is what its ZAP handler said. `protocol`: the peer has
       * another mechanism or breaks ZMTP, `error.code` says how. `other`: it went away meanwhile, or took too long.
       */
      readonly reason: HandshakeFailure
      readonly error: Error & { readonly code?: string; readonly status?: number }
    }

/** Why a handshake failed. */
export type HandshakeFailure = 'auth' | 'protocol' | 'other'

const TYPES = {
  accept: 'accepted',
  'accept:error': 'accept_failed',
  bind: 'listening',
  'bind:error': 'bind_failed',
  connect: 'connected',
  'connect:delay': 'connect_delayed',
  'connect:retry': 'connect_retried',
  close: 'closed',
  'close:error': 'close_failed',
  disconnect: 'disconnected',
  handshake: 'handshake_succeeded',
  'handshake:error:protocol': 'handshake_failed',
  'handshake:error:auth': 'handshake_failed',
  'handshake:error:other': 'handshake_failed',
} as const

const AGAIN = Object.assign(new Error('the ZAP handler said 300: not now'), { status: 300 })

/** How often it is tried to watch a socket. */
const TRIES = 1_000

/** Who is told of the events of a socket. */
export interface EventListener {
  happened(event: MonitorEvent): void
  /** No more come: the socket is closed, or they cannot be read. */
  ended(error: unknown): void
}

const feeds = new WeakMap<RawSocket, EventListener[]>()

/** Tells of all that happens from now on. */
export function listen(raw: RawSocket, listener: EventListener): void {
  const listeners = feeds.get(raw)
  if (listeners !== undefined) listeners.push(listener)
  else if (raw.closed) listener.ended(undefined)
  else {
    const first = [listener]
    feeds.set(raw, first)
    void read(raw, first)
  }
}

/** Reads until the socket is closed, in any case: libzmq's I/O thread waits for a monitor that does not read. */
async function read(raw: RawSocket, listeners: readonly EventListener[]): Promise<void> {
  let events: Observer | undefined
  let error: unknown
  try {
    events = await observerOf(raw)
    for (;;) {
      const event = (await events.receive()) as Event | undefined
      if (event === undefined || event.type === 'end') break
      const typed = typedEvent(event)
      if (typed !== undefined) for (const listener of listeners) listener.happened(typed)
    }
  } catch (cause) {
    if (events?.closed !== true) error = new TroupeError('SOCKET_FAILED', 'a monitor cannot read events', { cause })
  }
  for (const listener of listeners) listener.ended(error)
}

/**
 * A signal that comes while it is made (a profiler's) interrupts it. And libzmq names the place of the events by the address
 * of the socket in memory, which may have been another's a moment ago that is still being closed.
 */
async function observerOf(raw: RawSocket): Promise<Observer> {
  for (let left = TRIES; ; left--) {
    try {
      return raw.events
    } catch (error) {
      const code = codeOf(error)
      if ((code !== 'EINTR' && code !== 'EADDRINUSE') || left === 0) throw error
      if (code === 'EADDRINUSE') await delay(1)
    }
  }
}

function typedEvent(event: Event): MonitorEvent | undefined {
  if (!(event.type in TYPES)) return undefined
  const type = TYPES[event.type as keyof typeof TYPES]
  const reason = /^handshake:error:(.*)$/.exec(event.type)?.[1]
  const { address = '', interval, error } = event as { address?: string; interval?: number; error?: Error }
  // So he was told to come again, see zap.ts.
  if (codeOf(error) === 'ERR_ZAP_BAD_VERSION')
    return { type: 'handshake_failed', address, reason: 'auth', error: AGAIN }
  return {
    type,
    address,
    ...(interval !== undefined && { intervalMs: interval }),
    ...(reason !== undefined && { reason }),
    ...(error !== undefined && { error }),
  } as MonitorEvent
}
