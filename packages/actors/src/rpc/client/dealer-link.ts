/**
 * The connection to one server: a DEALER of its own for each session.
 */
import { setImmediate as turn } from 'node:timers/promises'
import { errorData, type Logger, ZMQMonitor } from '@troupe/core'
import { ZMQDealer } from '@troupe/dealer-router'
import { isRefusal } from '../../actor/handshake-end.js'
import type { CheckedConnectOptions } from './connect.options.js'
import { type Credentials, credentialsOf, type LoadedSecurity, loadSecurity } from './credentials.js'
import { handshakeTrouble } from './handshake-trouble.js'
import type { Dial, LinkEvents, ServerLink } from './upstream.js'

/** How long the last words may take to be sent, in ms. */
const LAST_WORDS_MS = 200

type Dealer = ZMQDealer<{ codec: 'frames' }>

type LinkOptions = Pick<CheckedConnectOptions, 'maxMessageBytes' | 'security'>

/** Dials with a new DEALER. */
export const dealerDial =
  ({ maxMessageBytes, security }: LinkOptions, what: string, log: Logger): Dial =>
  (endpoint, events) => {
    const loading = security && loadSecurity(security, what)
    return new DealerLink({ endpoint, events, maxMessageBytes, loading, log })
  }

interface LinkTerms {
  readonly endpoint: string
  readonly events: LinkEvents
  readonly maxMessageBytes: number
  readonly loading: Promise<LoadedSecurity> | undefined
  readonly log: Logger
}

class DealerLink implements ServerLink {
  readonly credentials: Promise<Credentials | undefined> | undefined
  readonly #terms: LinkTerms
  /** Undefined until its certificates are read. */
  #dealer: Dealer | undefined
  #isClosed = false
  /** What is said before the dealer knows where to: libzmq would make the first of it wait, for 50 ms. */
  #early: Uint8Array[] | undefined = []
  /** How many messages were read. */
  #taken = 0

  constructor(terms: LinkTerms) {
    this.#terms = terms
    const { loading } = terms
    this.credentials = loading?.then(credentialsOf)
    if (loading === undefined) void this.#open(this.#dealerOf(undefined))
    else
      loading.then(
        (security) => this.#isClosed || this.#openLater(security),
        // Who waits for the credentials is told.
        () => undefined,
      )
  }

  send(frame: Uint8Array): void {
    if (this.#early !== undefined) {
      this.#early.push(frame)
      return
    }
    this.#dealer
      ?.send([frame])
      .catch((error: unknown) => this.#terms.log.debug({ err: errorData(error) }, 'a frame was not sent'))
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#dealer?.close()
  }

  #dealerOf(security: LoadedSecurity | undefined): Dealer {
    const { maxMessageBytes, log, endpoint } = this.#terms
    const dealer: Dealer = new ZMQDealer(undefined, {
      ...{ codec: 'frames', maxMessageBytes, log, lingerMs: LAST_WORDS_MS },
      // What may be under way is bounded by the client, and by the credit of streams.
      sendHighWaterMark: 0,
      reconnectIntervalMs: 50,
      reconnectMaxIntervalMs: 1_000,
      ...(security && { security: { certificate: security.certificate, trust: security.server } }),
    })
    this.#dealer = dealer
    if (!endpoint.startsWith('inproc:')) void this.#watch(new ZMQMonitor(dealer), security)
    return dealer
  }

  #openLater(security: LoadedSecurity): void {
    try {
      void this.#open(this.#dealerOf(security))
    } catch (error) {
      // There may be no more sockets, for now.
      this.#terms.events.lost(error instanceof Error ? error.message : String(error))
    }
  }

  async #open(dealer: Dealer): Promise<void> {
    const { endpoint, events } = this.#terms
    try {
      await dealer.connect(endpoint)
      const early = this.#early ?? []
      this.#early = undefined
      for (const frame of early) this.send(frame)
      for await (const parts of dealer) {
        this.#taken++
        events.came(parts.length === 1 ? parts[0]! : NO_FRAME)
      }
    } catch (error) {
      events.lost(error instanceof Error ? error.message : String(error))
    }
  }

  async #watch(monitor: ZMQMonitor, security: LoadedSecurity | undefined): Promise<void> {
    let closings = 0
    let connectedMs = 0
    try {
      for await (const event of monitor) {
        if (event.type === 'connected') connectedMs = performance.now()
        const hasFailed = event.type === 'handshake_failed'
        // libzmq does not connect again after some of these.
        const trouble = handshakeTrouble(event, security, performance.now() - connectedMs)
        if (trouble !== undefined) this.#terms.events.failed(trouble)
        // Who wants CURVE may close before it was read that it does. libzmq connects again, and then it may be read.
        else if (hasFailed) closings++
        else if (event.type === 'disconnected' && (closings === 0 || isRefusal(closings))) {
          await this.#lost('the other side has closed it')
        } else if (event.type === 'handshake_succeeded') closings = 0
      }
    } catch (error) {
      this.#terms.log.debug({ err: errorData(error) }, 'a connection is not watched any more')
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
    this.#terms.events.lost(why)
  }
}

const NO_FRAME = new Uint8Array()
