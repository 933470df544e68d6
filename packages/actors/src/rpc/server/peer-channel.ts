/**
 * The frames that wait for one peer of a ROUTER, in order and bounded: a peer that does not read costs itself alone.
 */
import { TroupeError } from '@troupe/core'

/** How soon a peer that had no room is tried again, in ms. */
const FULL_AGAIN_MS = 10

export interface PeerChannelPort {
  /** Rejects with `QUEUE_FULL` when the peer has no room, `UNROUTABLE` when it is gone. */
  send(frame: Uint8Array): Promise<void>
  /** Nothing more can be sent to it. */
  lost(why: string): void
}

export class PeerChannel {
  readonly #port: PeerChannelPort
  readonly #maxUnreadBytes: number
  #frames: Uint8Array[] = []
  #bytes = 0
  #isSending = false
  #isLost = false
  #timer: NodeJS.Timeout | undefined
  /** Called when all was sent, or nothing more will be. */
  #drained: (() => void)[] = []

  constructor(maxUnreadBytes: number, port: PeerChannelPort) {
    this.#maxUnreadBytes = maxUnreadBytes
    this.#port = port
  }

  /** Whether nothing more can be sent to it. */
  get isLost(): boolean {
    return this.#isLost
  }

  send(frame: Uint8Array): void {
    if (this.#isLost) return
    if (this.#isSending) {
      this.#frames.push(frame)
      this.#bytes += frame.length
      if (this.#bytes > this.#maxUnreadBytes) {
        this.#lose(
          `it does not read: ${this.#bytes} bytes wait for it, and ${this.#maxUnreadBytes} may (maxUnreadBytes)`,
        )
      }
      return
    }
    this.#isSending = true
    this.#give(frame)
  }

  /** Resolves when what was sent is given to libzmq, or never can be. */
  drained(): Promise<void> {
    return this.#isSending ? new Promise((resolve) => this.#drained.push(resolve)) : Promise.resolve()
  }

  close(): void {
    this.#isLost = true
    clearTimeout(this.#timer)
    this.#frames = []
    this.#stopped()
  }

  #give(frame: Uint8Array): void {
    this.#port.send(frame).then(this.#next, (error: unknown) => {
      if (this.#isLost) return
      if (error instanceof TroupeError && error.code === 'QUEUE_FULL') {
        this.#timer = setTimeout(() => this.#give(frame), FULL_AGAIN_MS)
      } else this.#lose(error instanceof Error ? error.message : String(error))
    })
  }

  readonly #next = (): void => {
    const frame = this.#frames.shift()
    if (frame === undefined) return this.#stopped()
    this.#bytes -= frame.length
    this.#give(frame)
  }

  #stopped(): void {
    this.#isSending = false
    for (const resolve of this.#drained.splice(0)) resolve()
  }

  #lose(why: string): void {
    this.close()
    this.#port.lost(why)
  }
}
