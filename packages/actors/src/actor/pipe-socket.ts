/**
 * A pipe over a pair of sockets: what comes goes into a channel, and the end of it is told.
 */

import { ClosedError, type WaitOptions } from '@troupe/core'
import { ZMQPair } from '@troupe/pair'
import type { Channel } from './channel.js'
import { END, type PipeFrame } from './process-protocol.js'

export class PipeSocket {
  readonly #pair: ZMQPair<{ codec: 'msgpack' }>
  readonly #incoming: Channel

  /** `endpoint` in czmq's syntax: `@` for the end that binds. `failed` is told what ends the reading. */
  constructor(endpoint: string, limit: number, incoming: Channel, failed: (error: unknown) => void) {
    this.#pair = new ZMQPair(endpoint, {
      codec: 'msgpack',
      sendHighWaterMark: limit,
      receiveHighWaterMark: limit,
      lingerMs: 0,
      // Sends wait here while the pipe is full, and `$TERM` behind them: none is refused.
      sendQueueLimit: Number.MAX_SAFE_INTEGER,
    })
    this.#incoming = incoming
    this.#read().catch(failed)
  }

  endpoint(): Promise<string> {
    return this.#pair.endpoint()
  }

  async send(message: unknown, options?: WaitOptions): Promise<void> {
    await this.#pair.send(['message', message] satisfies PipeFrame, options)
  }

  /** Says that nothing more comes. */
  async end(): Promise<void> {
    await this.#pair.send(END).catch(ignoreClosed)
  }

  async close(): Promise<void> {
    await this.#pair.close()
    this.#incoming.end()
  }

  async #read(): Promise<void> {
    try {
      for await (const frame of this.#pair) {
        if (!Array.isArray(frame)) continue
        if (frame[0] === END[0]) this.#incoming.end()
        else await this.#incoming.put(frame[1])
      }
    } catch (error) {
      // The owner closes when it takes no more, and what still comes is not wanted.
      ignoreClosed(error)
    } finally {
      this.#incoming.end()
    }
  }
}

function ignoreClosed(error: unknown): void {
  if (!(error instanceof ClosedError)) throw error
}
