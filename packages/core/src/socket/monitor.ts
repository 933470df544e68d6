/**
 * Watches what happens to a socket's connections (czmq's zmonitor). For tcp and ipc: inproc has no events.
 */
import type { Event } from 'zeromq'
import { heartOf, type ZMQSocket } from './socket.js'

/** What can happen to a connection, by libzmq's names. */
export type MonitorEvent =
  | {
      readonly type: 'listening' | 'accepted' | 'connected' | 'connect_delayed' | 'disconnected' | 'closed'
      readonly address: string
    }
  | { readonly type: 'handshake_succeeded'; readonly address: string }
  | { readonly type: 'connect_retried'; readonly address: string; readonly intervalMs: number }
  | {
      readonly type: 'bind_failed' | 'accept_failed' | 'close_failed' | 'handshake_failed'
      readonly address: string
      readonly error: Error
    }

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

/**
 * The events of one socket, in order, from the moment it is made until the socket is closed. Iterate it at once: it
 * takes each event as it comes. One monitor to a socket.
 * @example
 * for await (const event of new ZMQMonitor(push)) console.log(event.type, event.address)
 */
export class ZMQMonitor {
  readonly #socket: ZMQSocket

  constructor(socket: ZMQSocket) {
    this.#socket = socket
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<MonitorEvent, void, undefined> {
    const { raw } = heartOf(this.#socket)
    if (raw.closed) return
    const { events } = raw
    for (;;) {
      let event: Event
      try {
        event = await events.receive()
      } catch (error) {
        if (raw.closed || events.closed) return
        throw error
      }
      if (event.type === 'end') return
      const typed = typedEvent(event)
      if (typed !== undefined) yield typed
    }
  }
}

function typedEvent(event: Event): MonitorEvent | undefined {
  if (!(event.type in TYPES)) return undefined
  const type = TYPES[event.type as keyof typeof TYPES]
  const { address = '', interval, error } = event as { address?: string; interval?: number; error?: Error }
  return {
    type,
    address,
    ...(interval !== undefined && { intervalMs: interval }),
    ...(error !== undefined && { error }),
  } as MonitorEvent
}
