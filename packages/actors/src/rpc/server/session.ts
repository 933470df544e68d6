/**
 * One client's session at its server, as a pure state: frames in, frames out, and the calls between them.
 */
import type { Identity, TroupeError } from '@troupe/core'
import { CallTable } from '../call-table.js'
import type { Contract, ProcedureSpec } from '../contract.js'
import { Outbox } from '../outbox.js'
import { wireError } from '../rpc-errors.js'
import {
  BYE,
  CALL,
  CANCEL,
  CREDIT,
  DRAIN,
  decodeFrame,
  END,
  ERROR,
  encodingOf,
  type Frame,
  HELLO,
  ITEM,
  type Item,
  isCounter,
  isToken,
  PING,
  PONG,
  PROOF,
  REPLY,
  readCall,
  WELCOME,
  type WelcomeOptions,
  WIRE_VERSION,
  type WireError,
} from '../wire.js'
import { Admission } from './admission.js'
import type { Peer } from './execution.js'
import type { Gate } from './gatekeeper.js'
import { type ClientLimits, Holdings } from './holdings.js'
import { type CallPort, type Outcome, ServerCall } from './server-call.js'
import { weightOf } from './weight.js'

/** Of a frame from this size on, in bytes, each item is weighed: a large one must not count as little as the small ones beside it. */
const WEIGHED_BYTES = 8 << 10

/** What the sessions of one server share. */
export interface Host {
  readonly contract: Contract
  readonly welcome: WelcomeOptions
  /** Whether it is a worker of a service, which alone speaks to it. */
  readonly isInner: boolean
  readonly isDraining: boolean
  /** Of a secured service: checks what clients say of themselves. */
  readonly gate: Gate | undefined
  readonly limits: ClientLimits
  now(): number
  /** The procedures that every server has, whose names begin with `$`. */
  own(procedure: string): (() => unknown) | undefined
  /** Takes a call, or answers it at once. */
  take(call: ServerCall): void
  answered(call: ServerCall, outcome: Outcome): void
  released(call: ServerCall): void
  /** A call was not taken. */
  overloaded(): void
  /** A session ends with this, or does not begin. */
  refused(peer: Peer, error: WireError): void
  soon(callback: () => void): void
}

export interface SessionPort {
  readonly peer: Peer
  send(frame: Uint8Array): void
  /** Nothing more is taken from this peer. */
  ended(session: Session, why: string): void
}

export class Session implements CallPort {
  readonly #host: Host
  readonly #port: SessionPort
  readonly #outbox: Outbox
  readonly #calls = new CallTable<ServerCall>()
  #sequence = 0
  #lastId = 0
  readonly #admission: Admission
  #identity: Identity | undefined
  readonly #holdings: Holdings
  /** What one item of the frame that is taken has, in bytes, as far as is known. */
  #itemBytes = 0
  #isTaking = false
  #hasEnded = false
  /** Looks at it in which nothing was heard, one after the other. */
  #silent = 0

  constructor(host: Host, port: SessionPort) {
    this.#host = host
    this.#port = port
    this.#holdings = new Holdings(host.limits)
    this.#outbox = new Outbox({
      send: (frame) => port.send(frame),
      refused: (item, error) => this.#refused(item, error),
      soon: (callback) => host.soon(callback),
    })
    this.#admission = new Admission(host, {
      peerId: port.peer.id,
      say: (item) => this.#outbox.say(item),
      greeted: ({ maxMessageBytes }) => {
        this.#outbox.maxMessageBytes = maxMessageBytes
      },
      admitted: (identity) => {
        this.#identity = identity
        this.#outbox.say([WELCOME, WIRE_VERSION, host.welcome], !this.#isTaking)
      },
      refused: (error) => this.bye(error),
    })
  }

  get peer(): Peer {
    return this.#port.peer
  }

  get identity(): Identity | undefined {
    return this.#identity
  }

  get window(): number {
    return this.#host.welcome.window
  }

  get isInner(): boolean {
    return this.#host.isInner
  }

  /** Takes a frame of its peer. */
  came(part: Uint8Array): void {
    if (this.#hasEnded) return
    this.#silent = 0
    const frame = decodeFrame(part)
    if (this.#admission.isNew && !this.#greets(part, frame)) return
    if (frame === undefined) return this.#violated('what came is no frame')
    if (frame.sequence <= this.#sequence) return
    if (frame.sequence > this.#sequence + 1) {
      return this.#violated(`frame ${frame.sequence} came after ${this.#sequence}`)
    }
    this.#sequence = frame.sequence
    this.#isTaking = true
    const isWeighed = part.length >= WEIGHED_BYTES && frame.items.length > 1
    this.#itemBytes = part.length / frame.items.length
    for (const item of frame.items) {
      if (this.#hasEnded) break
      if (isWeighed) this.#itemBytes = weightOf(item)
      const wrong = this.#take(item)
      if (wrong !== undefined) this.#violated(wrong)
    }
    this.#isTaking = false
    if (this.#calls.size === 0) this.#outbox.flush()
  }

  say(item: Item): void {
    if (this.#hasEnded) return
    // The answer to the last call that is under way need not wait for others.
    const [kind] = item
    const isAnswer = kind === REPLY || kind === ERROR || kind === END
    this.#outbox.say(item, isAnswer && this.#calls.size <= 1 && !this.#isTaking)
  }

  answered(call: ServerCall, outcome: Outcome): void {
    this.#calls.delete(call.id)
    this.#holdings.answered(call)
    if (!call.isRunning) this.#holdings.remove(call)
    this.#host.answered(call, outcome)
  }

  released(call: ServerCall): void {
    if (call.isAnswered) this.#holdings.remove(call)
    this.#host.released(call)
  }

  consumed(bytes: number): void {
    this.#holdings.addBytes(-bytes)
  }

  /** Its server is stopping. */
  drain(): void {
    if (this.#admission.isOver && !this.#hasEnded) this.#outbox.say([DRAIN], true)
  }

  /** Fails the calls that have no answer yet. */
  abort(error: WireError): void {
    for (const call of [...this.#calls]) call.abort(error, new Error(error.message))
  }

  /** Called each heartbeat: returns in how many of them, one after the other, nothing was heard. */
  tick(): number {
    const { handshakeTimeoutMs } = this.#host.limits
    if (this.#admission.isLate(handshakeTimeoutMs)) {
      this.bye(wireError('ACCESS_DENIED', `its proof of its key did not come within ${handshakeTimeoutMs} ms`))
    }
    return this.#silent++
  }

  /** Ends it: its calls are not wanted any more. */
  bye(error?: WireError): void {
    if (this.#hasEnded) return
    if (error !== undefined) this.#host.refused(this.peer, error)
    this.#outbox.say(error === undefined ? [BYE] : [BYE, error], true)
    this.end(error === undefined ? 'the server ended it' : error.message)
  }

  /** An empty frame came: libzmq says so when the connection is gone, or the peer has sent it, which is then told. */
  gone(): void {
    if (this.#hasEnded) return
    this.#outbox.say([BYE, wireError('PROTOCOL_ERROR', 'an empty frame came')], true)
    this.end('its connection is gone')
  }

  /** Its peer is gone, or it has ended: its calls are not wanted any more. */
  end(why: string): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#admission.close()
    for (const call of [...this.#calls]) call.cancel()
    this.#port.ended(this, why)
  }

  /** Whether who has no session begins one; anything else is refused, in its own encoding, unless it is a BYE. */
  #greets(part: Uint8Array, frame: Frame | undefined): boolean {
    this.#outbox.encoding = encodingOf(part)
    const kind = frame?.items[0]?.[0]
    if (kind === HELLO) return true
    if (kind === BYE) this.end('it had no session')
    else this.bye(wireError('NO_SESSION', 'this connection has no session: begin one with HELLO'))
    return false
  }

  /** Takes an item; returns what of it is not of docs/wire/rpc.md. */
  #take(item: Item): string | undefined {
    const [kind, id] = item
    if (kind === HELLO || kind === PROOF) return this.#admission.take(item)
    if (!this.#admission.isOver && kind !== BYE) return `an item of kind ${kind} came before the session was taken`
    if (kind === CALL) return this.#call(item)
    if ((kind === PING || kind === PONG) && !isToken(id)) return `an item of kind ${kind} has no token`
    if (kind === PING) return void this.#outbox.say([PONG, id])
    if (kind === PONG) return undefined
    if (kind === BYE) return void this.end('its client ended it')
    return this.#takeOfCall(item)
  }

  #takeOfCall([kind, id, value]: Item): string | undefined {
    if (!(kind === ITEM || kind === END || kind === CREDIT || kind === CANCEL))
      return `there is no item of kind ${kind}`
    if (!isCounter(id) || id > this.#lastId) return `an item of kind ${kind} is of no call`
    const call = this.#calls.get(id)
    // What comes for a call that has ended was on its way.
    if (call === undefined) return undefined
    if (kind === ITEM) return this.#itemOf(call, value)
    if (kind === END) return call.takeEnd() ? undefined : `call ${id} has no stream in, or it had ended`
    if (kind === CANCEL) return void call.cancel()
    if (!isCounter(value)) return `a credit of call ${id} is no number of items`
    return void call.takeCredit(value)
  }

  #itemOf(call: ServerCall, value: unknown): string | undefined {
    const why = this.#holdings.againstBytes(this.#itemBytes)
    if (why !== undefined) return void call.abort(this.#overloaded(why, false), new Error(why))
    this.#holdings.addBytes(this.#itemBytes)
    if (!call.takeItem(value, this.#itemBytes)) return `an item of call ${call.id} came beyond its credit or end`
    return undefined
  }

  #call(item: Item): string | undefined {
    const call = readCall(item)
    if (call === undefined || call.id <= this.#lastId) return 'what came is no CALL, or its id is not a new one'
    this.#lastId = call.id
    const { contract } = this.#host
    const own = this.#host.own(call.procedure)
    if (own !== undefined) return void this.#outbox.say([REPLY, call.id, own()])
    if (!Object.hasOwn(contract.procedures, call.procedure)) {
      const message = `${contract.name} has no procedure ${call.procedure}`
      return void this.#outbox.say([ERROR, call.id, wireError('UNKNOWN_PROCEDURE', message, { notRun: true })])
    }
    const spec = contract.procedures[call.procedure] as ProcedureSpec
    const why = this.#holdings.against(spec, this.#itemBytes)
    if (why !== undefined) return void this.#outbox.say([ERROR, call.id, this.#overloaded(why, true)])
    const taken = new ServerCall(call, spec, this.#host.now(), this)
    taken.heldBytes = this.#itemBytes
    this.#holdings.add(taken)
    this.#calls.set(call.id, taken)
    this.#host.take(taken)
    return undefined
  }

  #overloaded(why: string, notRun: boolean): WireError {
    this.#host.overloaded()
    return wireError('OVERLOADED', why, { retryable: true, notRun })
  }

  /** Something of a call cannot be sent: that is how the call has failed. */
  #refused([kind, id, said]: Item, { code, message }: TroupeError): void {
    const what = WHAT[kind]
    if (what === undefined) return
    const told = code === 'MESSAGE_TOO_LARGE' ? code : 'INVALID_OUTPUT'
    if (kind === ERROR && (said as WireError).code === told)
      return this.end(`not even an error can be sent: ${message}`)
    const error = wireError(told, `${what} cannot be sent: ${message}`)
    const call = this.#calls.get(id as number)
    if (call === undefined) this.#outbox.say([ERROR, id, error])
    else call.abort(error, new Error(error.message))
  }

  #violated(what: string): void {
    this.bye(wireError('PROTOCOL_ERROR', what))
  }
}

/** What of a call may not fit into a frame. Of an error its data is to blame. */
const WHAT: Readonly<Record<number, string>> = {
  [REPLY]: 'the output',
  [ERROR]: 'the error of the handler',
  [ITEM]: 'an item of the stream',
}
