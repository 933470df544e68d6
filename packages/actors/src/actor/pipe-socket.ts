/**
 * A pipe over a pair of sockets, as czmq's.
 */
import { ClosedError } from '@troupe/core'
import { ZMQPair } from '@troupe/pair'
import { type Frame, frameOfParts, partsOfFrame } from './frame.js'

export class PipeSocket {
  readonly #pair: ZMQPair<{ codec: 'frames' }>
  readonly #failed: (error: unknown) => void

  /** `endpoint` in czmq's syntax: `@` for the end that binds. `failed` is told what ends the reading. */
  constructor(endpoint: string, came: (frame: Frame) => void, failed: (error: unknown) => void) {
    this.#failed = failed
    this.#pair = new ZMQPair(endpoint, {
      codec: 'frames',
      // What is on its way is bounded by what the two ends have said that they took.
      sendHighWaterMark: 0,
      receiveHighWaterMark: 0,
      lingerMs: 0,
      sendQueueLimit: Number.MAX_SAFE_INTEGER,
    })
    void this.#read(came)
  }

  endpoint(): Promise<string> {
    return this.#pair.endpoint()
  }

  async send(frame: Frame): Promise<void> {
    try {
      await this.#pair.send(partsOfFrame(frame))
    } catch (error) {
      // Who closes takes nothing more.
      if (!(error instanceof ClosedError)) this.#failed(error)
    }
  }

  async close(): Promise<void> {
    await this.#pair.close()
  }

  async #read(came: (frame: Frame) => void): Promise<void> {
    try {
      for await (const parts of this.#pair) {
        const frame = frameOfParts(parts)
        if (frame !== undefined) came(frame)
      }
    } catch (error) {
      if (!(error instanceof ClosedError)) this.#failed(error)
    }
  }
}
