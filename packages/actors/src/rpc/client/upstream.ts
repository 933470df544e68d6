/**
 * One server as its client speaks with it: sessions, one after the other, and the calls that are under way there.
 */
import { backoffDelayMs, type Clock, type Logger, TroupeError } from '@troupe/core'
import { type Actor, createActor } from 'xstate'
import { isRefusal } from '../../actor/handshake-end.js'
import { CallTable } from '../call-table.js'
import type { Contract } from '../contract.js'
import { Outbox } from '../outbox.js'
import { wireError } from '../rpc-errors.js'
import {
  BYE,
  CALL,
  CANCEL,
  type CallHead,
  CREDIT,
  DRAIN,
  decodeFrame,
  END,
  ERROR,
  ITEM,
  type Item,
  isCounter,
  isToken,
  itemWith,
  PING,
  PONG,
  REPLY,
  readError,
  readWelcome,
  WELCOME,
  type WelcomeOptions,
  type WireError,
} from '../wire.js'
import { type BreakerState, breakerMachine } from './breaker.machine.js'
import type { CheckedConnectOptions } from './connect.options.js'
import type { Credentials } from './credentials.js'
import { Greeting } from './greeting.js'
import { type UpstreamState, upstreamMachine } from './upstream.machine.js'

/** A connection to a server, as it is provided. */
export interface ServerLink {
  /** Who the client is there, once that is known; nobody without it. Where it is rejected the connection cannot be made. */
  readonly credentials?: Promise<Credentials | undefined> | undefined
  send(frame: Uint8Array): void
  close(): Promise<void>
}

export interface LinkEvents {
  came(part: Uint8Array): void
  /** The connection is gone: what was under way on it is too. */
  lost(why: string): void
  /** It was not made. */
  failed(trouble: WireError): void
}

export type Dial = (endpoint: string, events: LinkEvents) => ServerLink

/** One try of a call at one server. */
export interface Attempt {
  /** Its id in the session. */
  id: number
  /** How many items the server may still send. */
  credit: number
  readonly procedure: string
  /** Whether it has a stream out, whose END is then its answer, or a REPLY. */
  readonly hasOut: boolean
  /** What the call may still take, in ms; null for ever. */
  readonly leftMs: number | null
  readonly head: CallHead | null
  readonly input: unknown
  replied(output: unknown): void
  failed(error: WireError): void
  item(value: unknown): void
  ended(): void
  credited(count: number): void
}

export interface UpstreamTerms {
  readonly endpoint: string
  readonly contract: Contract
  readonly options: CheckedConnectOptions
  readonly clock: Clock
  readonly log: Logger
  readonly dial: Dial
  random(): number
  soon(callback: () => void): void
  /** Its state, or that of its breaker, is another one. */
  changed(): void
}

/** How often a server that has not answered yet is asked, in ms. */
const ASK_EVERY_MS = 1_000
const PATIENCE_MS = 5_000

export class Upstream {
  readonly endpoint: string
  readonly #terms: UpstreamTerms
  readonly #machine: Actor<typeof upstreamMachine>
  readonly #breaker: Actor<typeof breakerMachine>
  readonly #attempts = new CallTable<Attempt>()
  #link: ServerLink | undefined
  #outbox: Outbox | undefined
  #welcome: WelcomeOptions | undefined
  #state: UpstreamState = 'connecting'
  #breakerState: BreakerState = 'closed'
  #isFailing = false
  #sequence = 0
  #lastId = 0
  #silent = 0
  #losses = 0
  /** How many times, one after the other, it has closed the connection in the handshake. */
  #closedOn = 0
  /** How the session begins, until it has. */
  #greeting: Greeting | undefined
  #isLeaving = false
  #timer: unknown
  /** Why there is no session. */
  #trouble: WireError | undefined
  readonly #closing = new Set<Promise<void>>()

  constructor(terms: UpstreamTerms) {
    this.endpoint = terms.endpoint
    this.#terms = terms
    this.#machine = createActor(upstreamMachine, { clock: terms.clock })
    this.#breaker = createActor(breakerMachine, { clock: terms.clock, input: terms.options.breaker })
    this.#machine.subscribe(({ value }) => {
      this.#state = value as UpstreamState
    })
    this.#breaker.subscribe(({ value, context }) => {
      this.#isFailing = context.inARow > 0
      if (this.#breakerState === value) return
      this.#breakerState = value as BreakerState
      terms.changed()
    })
    this.#machine.start()
    this.#breaker.start()
    this.#dial()
  }

  get state(): UpstreamState {
    return this.#state
  }

  get breaker(): BreakerState {
    return this.#breakerState
  }

  /** Names the start of the server that has the session. */
  get instance(): string | undefined {
    return this.#welcome?.instance
  }

  get trouble(): WireError | undefined {
    return this.#trouble
  }

  /** Whether it has failed too often, one time after the other, to get calls now. */
  get isBroken(): boolean {
    return this.#state === 'open' && this.#breakerState !== 'closed'
  }

  /** Whether it has said that it does not serve this client: a later start of it may. */
  get hasRefused(): boolean {
    return this.#state === 'waiting' && this.#trouble !== undefined && REFUSALS.has(this.#trouble.code)
  }

  /** Calls that are under way here. */
  get pending(): number {
    return this.#attempts.size
  }

  /** Whether it can be given a call now. */
  get takesCalls(): boolean {
    return this.#state === 'open' && (this.#breakerState === 'closed' || this.#breakerState === 'half_open')
  }

  /** How many items of a stream in the server takes at first. */
  get window(): number {
    return this.#welcome?.window ?? 0
  }

  /** Makes a call here. */
  begin(attempt: Attempt): void {
    if (this.#breakerState === 'half_open') this.#breaker.send({ type: 'probed' })
    const id = ++this.#lastId
    const { procedure, leftMs, head, input } = attempt
    attempt.id = id
    attempt.credit = head?.credit ?? 0
    const isAlone = this.#attempts.size === 0
    this.#attempts.set(id, attempt)
    const item: Item =
      input === undefined ? [CALL, id, procedure, leftMs, head] : [CALL, id, procedure, leftMs, head, input]
    this.#outbox!.say(item, isAlone)
  }

  /** Gives up a call that was made here. */
  cancel(attempt: Attempt): void {
    if (!this.#has(attempt)) return
    this.#attempts.delete(attempt.id)
    this.unclear()
    this.#outbox?.say([CANCEL, attempt.id], this.#attempts.size === 0)
    this.#leaveWhenIdle()
  }

  /** Whether a call is under way in this session. */
  #has(attempt: Attempt): boolean {
    return this.#attempts.get(attempt.id) === attempt
  }

  item(attempt: Attempt, value: unknown): void {
    if (this.#has(attempt)) this.#outbox?.say(itemWith(ITEM, attempt.id, value))
  }

  end(attempt: Attempt): void {
    if (this.#has(attempt)) this.#outbox?.say([END, attempt.id], this.#attempts.size === 1)
  }

  credit(attempt: Attempt, count: number): void {
    if (!this.#has(attempt)) return
    attempt.credit += count
    this.#outbox?.say([CREDIT, attempt.id, count], this.#attempts.size === 1)
  }

  /** A call that was made here has failed in a way that says that the server is not well. */
  failed(): void {
    if (this.#terms.options.breaker.failures > 0) this.#breaker.send({ type: 'failed' })
  }

  /** A call that was made here was answered. */
  succeeded(): void {
    if (this.#isFailing || this.#breakerState !== 'closed') this.#breaker.send({ type: 'succeeded' })
  }

  /** A call that was made here has ended otherwise: a probe has then not shown that the server is well. */
  unclear(): void {
    if (this.#breakerState === 'probing') this.#breaker.send({ type: 'unproven' })
  }

  /** It gets no more calls, and is closed when it has answered those that it has. */
  leave(): void {
    this.#isLeaving = true
    if (this.#state === 'open') this.#step('drained')
    this.#leaveWhenIdle()
  }

  /** Ends the session and what is under way in it. */
  async close(): Promise<void> {
    if (this.#state !== 'closed') {
      this.#outbox?.say([BYE], true)
      this.#endSession(wireError('CLOSED', 'the client was closed'))
      this.#step('closed')
      this.#breaker.stop()
    }
    await Promise.all(this.#closing)
  }

  #dial(): void {
    const { options, soon } = this.#terms
    let link: ServerLink
    try {
      link = this.#terms.dial(this.endpoint, {
        came: (part) => link === this.#link && this.#came(part),
        lost: (why) => link === this.#link && this.#lost(this.#connectionLost(why)),
        failed: (trouble) => link === this.#link && this.#notMade(trouble),
      })
    } catch (error) {
      // There may be no more sockets, for now.
      return this.#lost(this.#connectionLost(error instanceof Error ? error.message : String(error)))
    }
    this.#link = link
    this.#sequence = 0
    this.#silent = 0
    this.#lastId = 0
    this.#outbox = new Outbox({
      send: (frame) => link.send(frame),
      refused: (item, error) => this.#refused(item, error.code, error.message),
      soon,
    })
    this.#outbox.encoding = options.codec
    this.#tickIn(ASK_EVERY_MS)
    if (link.credentials === undefined) return this.#greet(undefined)
    link.credentials.then(
      (credentials) => link === this.#link && this.#greet(credentials),
      (error: Error) => link === this.#link && this.#notMade(unreadable(error)),
    )
  }

  #greet(credentials: Credentials | undefined): void {
    const { options, contract } = this.#terms
    this.#greeting = new Greeting(contract, credentials)
    this.#outbox!.say(this.#greeting.hello(options.maxMessageBytes), true)
  }

  /** The connection was not made, or was refused. */
  #notMade(trouble: WireError): void {
    if (trouble.code !== 'SERVER_LOST') return this.#lost(trouble)
    const isRefused = isRefusal(++this.#closedOn)
    this.#lost(isRefused ? { ...trouble, code: 'ACCESS_DENIED', retryable: false } : trouble)
  }

  #came(part: Uint8Array): void {
    this.#silent = 0
    const frame = decodeFrame(part)
    if (frame === undefined) return this.#violated('what came is no frame')
    if (frame.sequence <= this.#sequence) return
    if (frame.sequence > this.#sequence + 1)
      return this.#violated(`frame ${frame.sequence} came after ${this.#sequence}`)
    this.#sequence = frame.sequence
    const session = this.#link
    for (const item of frame.items) {
      if (this.#link !== session) return
      const wrong = this.#take(item)
      if (wrong !== undefined) return this.#violated(wrong)
    }
    this.#leaveWhenIdle()
  }

  /** Takes an item; returns what of it is not of docs/wire/rpc.md. */
  #take(item: Item): string | undefined {
    const [kind, id, value] = item
    if (kind === BYE)
      return void this.#lost(readError(id) ?? wireError('SERVER_LOST', 'the server ended the session', RETRYABLE))
    if (kind === WELCOME || this.#welcome === undefined) return this.#begun(item)
    if ((kind === PING || kind === PONG) && !isToken(id)) return `an item of kind ${kind} has no token`
    if (kind === PING) return void this.#outbox!.say([PONG, id])
    if (kind === PONG) return undefined
    if (kind === DRAIN) return void this.#drained()
    if (!(kind === REPLY || kind === ERROR || kind === ITEM || kind === END || kind === CREDIT)) {
      return `there is no item of kind ${kind}`
    }
    if (!isCounter(id) || id > this.#lastId) return `an item of kind ${kind} is of no call`
    const attempt = this.#attempts.get(id)
    // What comes for a call that has ended was on its way.
    return attempt === undefined ? undefined : this.#tell(attempt, kind, value)
  }

  #tell(attempt: Attempt, kind: number, value: unknown): string | undefined {
    const { id } = attempt
    if (kind === ITEM) {
      if (attempt.credit === 0) return `an item of call ${id} came beyond its credit`
      attempt.credit--
      return void attempt.item(value)
    }
    if (kind === CREDIT)
      return isCounter(value) ? void attempt.credited(value) : `a credit of call ${id} is no number of items`
    if (kind === (attempt.hasOut ? REPLY : END))
      return `call ${id} was answered as one ${attempt.hasOut ? 'without' : 'with'} a stream out`
    this.#attempts.delete(id)
    if (kind === REPLY) return void attempt.replied(value)
    if (kind === END) return void attempt.ended()
    const error = readError(value)
    attempt.failed(error ?? wireError('PROTOCOL_ERROR', 'its error cannot be read'))
    return error === undefined ? `the error of call ${id} cannot be read` : undefined
  }

  #welcomed(item: Item): string | undefined {
    const welcome = readWelcome(item)
    if (welcome === undefined || this.#welcome !== undefined) return 'what came is no WELCOME, or another one'
    this.#welcome = welcome
    this.#greeting = undefined
    this.#losses = 0
    this.#closedOn = 0
    this.#trouble = undefined
    this.#outbox!.maxMessageBytes = welcome.maxMessageBytes
    this.#tickIn(welcome.heartbeatMs)
    this.#step('welcomed')
    if (this.#isLeaving) this.leave()
    return undefined
  }

  #begun(item: Item): string | undefined {
    if (item[0] === WELCOME) return this.#welcomed(item)
    const proof = this.#greeting?.proof(item) ?? 'it came before HELLO'
    return typeof proof === 'string' ? proof : void this.#outbox!.say(proof, true)
  }

  #drained(): void {
    this.#step('drained')
    this.#leaveWhenIdle()
  }

  #leaveWhenIdle(): void {
    if (this.#attempts.size > 0 || this.#state === 'closed') return
    if (this.#isLeaving && this.#state !== 'connecting') void this.close()
    else if (this.#state === 'draining') {
      this.#outbox?.say([BYE], true)
      this.#lost(wireError('UNAVAILABLE', 'the server is stopping', RETRYABLE))
    }
  }

  #tickIn(ms: number): void {
    this.#terms.clock.clearTimeout(this.#timer)
    this.#timer = this.#terms.clock.setTimeout(() => this.#tick(), ms)
  }

  /** Asks for a sign of life; after too many without one, one after the other, the server is lost. */
  #tick(): void {
    const { heartbeatMs, livenessMs } = this.#welcome ?? { heartbeatMs: ASK_EVERY_MS, livenessMs: PATIENCE_MS }
    if (this.#isLeaving && this.#welcome === undefined) return void this.close()
    if (++this.#silent * heartbeatMs >= livenessMs) {
      const message = `nothing was heard of the server for ${livenessMs} ms`
      return this.#lost(wireError('SERVER_LOST', message, RETRYABLE))
    }
    if (this.#welcome !== undefined) this.#outbox!.say([PING, this.#silent], true)
    this.#tickIn(heartbeatMs)
  }

  #violated(what: string): void {
    this.#outbox?.say([BYE, wireError('PROTOCOL_ERROR', what)], true)
    this.#lost(wireError('PROTOCOL_ERROR', `the server does not speak the protocol: ${what}`))
  }

  #connectionLost(why: string): WireError {
    return wireError('SERVER_LOST', `the connection was lost: ${why}`, RETRYABLE)
  }

  /** The session has ended; another one is begun in a while. */
  #lost(error: WireError): void {
    if (this.#state === 'waiting' || this.#state === 'closed') return
    this.#terms.log.debug({ endpoint: this.endpoint, code: error.code, why: error.message }, 'a session has ended')
    this.#trouble = error
    this.#step('lost')
    // Whatever ended the session, its calls may succeed in another.
    this.#endSession({ ...error, retryable: true })
    if (this.#isLeaving) return void this.close()
    const delayMs = backoffDelayMs(this.#terms.options.reconnect, ++this.#losses, this.#terms.random)
    this.#timer = this.#terms.clock.setTimeout(() => {
      this.#step('dialled')
      this.#dial()
    }, delayMs)
  }

  #endSession(error: WireError): void {
    this.#terms.clock.clearTimeout(this.#timer)
    this.#hangUp()
    this.#link = undefined
    this.#outbox = undefined
    this.#welcome = undefined
    this.#greeting = undefined
    for (const attempt of this.#attempts.clear()) attempt.failed(error)
  }

  #hangUp(): void {
    if (this.#link === undefined) return
    const closing = this.#link.close().finally(() => this.#closing.delete(closing))
    this.#closing.add(closing)
  }

  /** Something that was to be sent cannot be. */
  #refused([kind, id]: Item, code: string, why: string): void {
    const attempt = this.#attempts.get(id as number)
    if (attempt === undefined) return
    if (kind === ITEM) this.cancel(attempt)
    this.#attempts.delete(attempt.id)
    attempt.failed(
      wireError(code, kind === ITEM ? `an item of its stream cannot be sent: ${why}` : why, { notRun: kind === CALL }),
    )
  }

  #step(type: 'welcomed' | 'drained' | 'lost' | 'dialled' | 'closed'): void {
    this.#machine.send({ type })
    this.#terms.changed()
  }
}

const RETRYABLE = { retryable: true } as const
const REFUSALS: ReadonlySet<string> = new Set([
  ...['VERSION_MISMATCH', 'UNKNOWN_SERVICE', 'ACCESS_DENIED'],
  ...['CERTIFICATE_UNREADABLE', 'INVALID_OPTIONS'],
])

const unreadable = (error: Error): WireError =>
  wireError(error instanceof TroupeError ? error.code : 'INTERNAL', error.message)
