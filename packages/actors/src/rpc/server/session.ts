/**
 * One client's session at its server, as a pure state: frames in, frames out, and the calls between them.
 */
import type { TroupeError } from '@troupe/core'
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
  type Hello,
  ITEM,
  type Item,
  isCounter,
  isToken,
  PING,
  PONG,
  REPLY,
  readCall,
  readHello,
  WELCOME,
  type WelcomeOptions,
  WIRE_VERSION,
  type WireError,
} from '../wire.js'
import type { Peer } from './execution.js'
import { type CallPort, type Outcome, ServerCall } from './server-call.js'

/** What the sessions of one server share. */
export interface Host {
  readonly contract: Contract
  readonly welcome: WelcomeOptions
  /** Whether it is a worker of a service, which alone speaks to it. */
  readonly isInner: boolean
  readonly isDraining: boolean
  now(): number
  /** The procedures that every server has, whose names begin with `$`. */
  own(procedure: string): (() => unknown) | undefined
  /** Takes a call, or answers it at once. */
  take(call: ServerCall): void
  answered(call: ServerCall, outcome: Outcome): void
  released(call: ServerCall): void
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
  #isWelcome = false
  #isTaking = false
  #hasEnded = false
  /** Looks at it in which nothing was heard, one after the other. */
  #silent = 0

  constructor(host: Host, port: SessionPort) {
    this.#host = host
    this.#port = port
    this.#outbox = new Outbox({
      send: (frame) => port.send(frame),
      refused: (item, error) => this.#refused(item, error),
      soon: (callback) => host.soon(callback),
    })
  }

  get peer(): Peer {
    return this.#port.peer
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
    if (!this.#isWelcome && !this.#greets(part, frame)) return
    if (frame === undefined) return this.#violated('what came is no frame')
    if (frame.sequence <= this.#sequence) return
    if (frame.sequence > this.#sequence + 1) {
      return this.#violated(`frame ${frame.sequence} came after ${this.#sequence}`)
    }
    this.#sequence = frame.sequence
    this.#isTaking = true
    for (const item of frame.items) {
      if (this.#hasEnded) break
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
    this.#host.answered(call, outcome)
  }

  released(call: ServerCall): void {
    this.#host.released(call)
  }

  /** Its server is stopping. */
  drain(): void {
    if (this.#isWelcome && !this.#hasEnded) this.#outbox.say([DRAIN], true)
  }

  /** Fails the calls that have no answer yet. */
  abort(error: WireError): void {
    for (const call of [...this.#calls]) call.abort(error, new Error(error.message))
  }

  /** Called each heartbeat: returns in how many of them, one after the other, nothing was heard. */
  tick(): number {
    return this.#silent++
  }

  /** Ends it: its calls are not wanted any more. */
  bye(error?: WireError): void {
    if (this.#hasEnded) return
    this.#outbox.say(error === undefined ? [BYE] : [BYE, error], true)
    this.end(error === undefined ? 'the server ended it' : error.message)
  }

  /** Its peer is gone, or it has ended: its calls are not wanted any more. */
  end(why: string): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
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
    if (kind === CALL) return this.#call(item)
    if (kind === HELLO) return this.#hello(readHello(item))
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
    if (kind === ITEM) return call.takeItem(value) ? undefined : `an item of call ${id} came beyond its credit or end`
    if (kind === END) return call.takeEnd() ? undefined : `call ${id} has no stream in, or it had ended`
    if (kind === CANCEL) return void call.cancel()
    if (!isCounter(value)) return `a credit of call ${id} is no number of items`
    return void call.takeCredit(value)
  }

  #hello(hello: Hello | undefined): string | undefined {
    if (hello === undefined || this.#isWelcome) return 'what came is no HELLO, or another one'
    const { contract, welcome, isDraining } = this.#host
    this.#outbox.maxMessageBytes = hello.maxMessageBytes
    const { service, contractVersion, version } = hello
    if (version !== WIRE_VERSION) {
      const message = `the client speaks version ${version} of the wire, and the server ${WIRE_VERSION}`
      return void this.bye(wireError('VERSION_MISMATCH', message))
    }
    if (service !== undefined && service !== contract.name) {
      return void this.bye(wireError('UNKNOWN_SERVICE', `the service here is ${contract.name}, not ${service}`))
    }
    if (contractVersion !== undefined && contract.version !== undefined && contractVersion !== contract.version) {
      const message = `${contract.name} is here in version ${contract.version}, not ${contractVersion}`
      return void this.bye(wireError('VERSION_MISMATCH', message))
    }
    if (isDraining) return void this.bye(STOPPING)
    this.#isWelcome = true
    this.#outbox.say([WELCOME, WIRE_VERSION, welcome])
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
    const taken = new ServerCall(call, spec, this.#host.now(), this)
    this.#calls.set(call.id, taken)
    this.#host.take(taken)
    return undefined
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

/** What a server that is stopping answers to whom it does not serve any more. */
export const STOPPING = wireError('UNAVAILABLE', 'the server is stopping', { retryable: true, notRun: true })
