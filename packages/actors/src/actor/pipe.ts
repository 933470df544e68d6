/**
 * A pipe between an actor and its owner: messages in order, both ways, bounded.
 */
import type { WaitOptions } from '@troupe/core'
import type { Channel } from './channel.js'

/** One end of a pipe. Messages are plain data (what msgpack can carry), and are copied. */
export interface Pipe extends AsyncIterable<unknown> {
  /**
   * Sends a message; waits while the pipe is full.
   * @throws {TroupeError} `CLOSED` when the other end is gone, `ENCODE_FAILED`, `ABORTED`, `TIMEOUT`
   */
  send(message: unknown, options?: WaitOptions): Promise<void>
  /** Resolves with the next message, or undefined when there will be none. @throws {TroupeError} `ABORTED`, `TIMEOUT` */
  receive(options?: WaitOptions): Promise<unknown>
}

/** How an end sends, and where what comes is put. */
export interface PipeWays {
  put(message: unknown, options?: WaitOptions): Promise<void>
  readonly incoming: Channel
  /** Called at each use. */
  used(): void
}

/** Makes an end of a pipe. */
export function makePipe({ put, incoming, used }: PipeWays): Pipe {
  const take = (options?: WaitOptions) => {
    used()
    return incoming.take(options)
  }
  return {
    send: async (message, options) => {
      used()
      await put(message, options)
    },
    receive: async (options) => (await take(options))?.value,
    async *[Symbol.asyncIterator]() {
      for (let came = await take(); came !== undefined; came = await take()) yield came.value
    },
  }
}
