/**
 * The connection to one server: a DEALER of its own for each session.
 */
import { setImmediate as turn } from 'node:timers/promises'
import { errorData, type Logger, ZMQMonitor } from '@troupe/core'
import { ZMQDealer } from '@troupe/dealer-router'
import type { Dial, LinkEvents, ServerLink } from './upstream.js'

/** How long the last words may take to be sent, in ms. */
const LAST_WORDS_MS = 200

type Dealer = ZMQDealer<{ codec: 'frames' }>

/** Dials with a new DEALER. */
export const dealerDial =
  (maxMessageBytes: number, log: Logger): Dial =>
  (endpoint, events) =>
    new DealerLink(endpoint, events, maxMessageBytes, log)

class DealerLink implements ServerLink {
  readonly #dealer: Dealer
  readonly #events: LinkEvents
  readonly #log: Logger
  /** What is said before the dealer knows where to: libzmq would make the first of it wait, for 50 ms. */
  #early: Uint8Array[] | undefined = []
  /** How many messages were read. */
  #taken = 0

  constructor(endpoint: string, events: LinkEvents, maxMessageBytes: number, log: Logger) {
    this.#events = events
    this.#log = log
    this.#dealer = new ZMQDealer(undefined, {
      ...{ codec: 'frames', maxMessageBytes, log, lingerMs: LAST_WORDS_MS },
      // What may be under way is bounded by the client, and by the credit of streams.
      sendHighWaterMark: 0,
      reconnectIntervalMs: 50,
      reconnectMaxIntervalMs: 1_000,
    })
    if (!endpoint.startsWith('inproc:')) void this.#watch(new ZMQMonitor(this.#dealer))
    void this.#open(endpoint)
  }

  send(frame: Uint8Array): void {
    if (this.#early !== undefined) {
      this.#early.push(frame)
      return
    }
    this.#dealer
      .send([frame])
      .catch((error: unknown) => this.#log.debug({ err: errorData(error) }, 'a frame was not sent'))
  }

  close(): Promise<void> {
    return this.#dealer.close()
  }

  async #open(endpoint: string): Promise<void> {
    try {
      await this.#dealer.connect(endpoint)
      const early = this.#early ?? []
      this.#early = undefined
      for (const frame of early) this.send(frame)
      for await (const parts of this.#dealer) {
        this.#taken++
        this.#events.came(parts.length === 1 ? parts[0]! : NO_FRAME)
      }
    } catch (error) {
      this.#events.lost(error instanceof Error ? error.message : String(error))
    }
  }

  async #watch(monitor: ZMQMonitor): Promise<void> {
    try {
      for await (const { type } of monitor)
        if (type === 'disconnected') await this.#lost('the other side has closed it')
    } catch (error) {
      this.#log.debug({ err: errorData(error) }, 'a connection is not watched any more')
    }
  }

  /** What came before the connection was lost may not have been read yet: it counts. */
  async #lost(why: string): Promise<void> {
    for (let taken = -1; taken !== this.#taken; ) {
      taken = this.#taken
      // The first ends this turn of the event loop, the second one in which the socket was looked at.
      await turn()
      await turn()
    }
    this.#events.lost(why)
  }
}

const NO_FRAME = new Uint8Array()
