/**
 * A call as its server has it: from its arrival to its answer, and until nothing of it runs any more.
 */
import { AbortedError, type Identity, TimeoutError } from '@troupe/core'
import type { Deadline } from '../../actor/deadlines.js'
import type { ProcedureSpec } from '../contract.js'
import { readIdentity } from '../identity.js'
import { wireError } from '../rpc-errors.js'
import {
  type CallItem,
  CREDIT,
  END,
  ERROR,
  ITEM,
  type Item,
  itemWith,
  type Metadata,
  RELEASED,
  REPLY,
  type WireError,
} from '../wire.js'
import type { Callee, Execution, Peer } from './execution.js'

/** How a call has ended for its caller. */
export type Outcome = 'done' | 'cancelled' | WireError

/** What a call has of its session. */
export interface CallPort {
  readonly peer: Peer
  readonly identity: Identity | undefined
  readonly window: number
  /** Whether it comes from the service whose worker this is. */
  readonly isInner: boolean
  say(item: Item): void
  /** It has its answer. */
  answered(call: ServerCall, outcome: Outcome): void
  /** Nothing of it runs any more. */
  released(call: ServerCall): void
  /** So much of what it held was consumed. */
  consumed(bytes: number): void
}

const NO_METADATA: Metadata = Object.freeze({})

export class ServerCall implements Callee {
  readonly id: number
  readonly procedure: string
  readonly spec: ProcedureSpec
  readonly input: unknown
  metadata: Metadata
  readonly deadlineAtMs: number | undefined
  readonly arrivedAtMs: number
  readonly #port: CallPort
  readonly #leftMs: number | undefined
  readonly #caller: string | undefined
  readonly identity: Identity | undefined
  /** What it holds of what its client has sent, in bytes. */
  heldBytes = 0
  /** Whether something of it runs. */
  isRunning = false
  #isCancelled = false
  /** Its deadline, as its server watches it. */
  deadline: Deadline<ServerCall> | undefined
  #credit: number
  /** What may still come of the stream in. */
  #inCredit: number
  /** What came of the stream in before it ran. */
  #early: unknown[] | undefined
  #inEnded = false
  /** What came of the stream in and was not consumed, in items and bytes. */
  #inTaken = 0
  #inBytes = 0
  #execution: Execution | undefined
  #isAnswered = false

  constructor(item: CallItem, spec: ProcedureSpec, arrivedAtMs: number, port: CallPort) {
    this.id = item.id
    this.procedure = item.procedure
    this.spec = spec
    this.input = item.input
    this.metadata = item.metadata ?? NO_METADATA
    this.arrivedAtMs = arrivedAtMs
    this.#leftMs = item.leftMs
    this.#caller = item.peer
    // What a client says of itself in a call is no matter: only what it has proven is.
    this.identity = port.isInner ? readIdentity(item.identity) : port.identity
    this.deadlineAtMs = item.leftMs === undefined ? undefined : arrivedAtMs + item.leftMs
    this.#port = port
    this.#credit = item.credit
    this.#inCredit = spec.stream?.in === undefined ? 0 : port.window
  }

  /** Whether its caller has its answer, or waits for none. */
  get isAnswered(): boolean {
    return this.#isAnswered
  }

  get peer(): Peer {
    return this.#port.isInner && this.#caller !== undefined ? { id: this.#caller } : this.#port.peer
  }

  get credit(): number {
    return this.#credit
  }

  /** Has it run, with what came meanwhile. */
  run(begin: (call: Callee) => Execution): void {
    this.isRunning = true
    const execution = begin(this)
    this.#execution = execution
    for (const value of this.#early ?? []) execution.item(value)
    this.#early = undefined
    if (this.#inEnded) execution.end()
  }

  /** An item of the stream in. Returns whether its sender may send it. */
  takeItem(value: unknown, bytes: number): boolean {
    if (this.#inCredit === 0 || this.#inEnded) return false
    this.#inCredit--
    this.#inTaken++
    this.#inBytes += bytes
    this.heldBytes += bytes
    if (this.#execution !== undefined) this.#execution.item(value)
    else {
      this.#early ??= []
      this.#early.push(value)
    }
    return true
  }

  takeEnd(): boolean {
    if (this.spec.stream?.in === undefined || this.#inEnded) return false
    this.#inEnded = true
    this.#execution?.end()
    return true
  }

  takeCredit(count: number): void {
    this.#credit += count
    this.#execution?.credit(count)
  }

  /** The caller does not want it any more, or is gone. */
  cancel(reason: Error = new AbortedError(`call ${this.procedure}`, 'its caller does not wait for it any more')): void {
    if (this.#isAnswered) return
    this.#isCancelled = true
    this.#settle('cancelled')
    this.#execution?.cancel(reason)
  }

  /** Its time is over. */
  expire(): void {
    const error = new TimeoutError(`call ${this.procedure}`, Math.round(this.#leftMs ?? 0))
    this.abort(wireError('TIMEOUT', error.message, { retryable: true }), error)
  }

  /** Fails it while it runs. */
  abort(error: WireError, reason: Error): void {
    if (this.#isAnswered) return
    this.fail(error)
    this.#execution?.cancel(reason)
  }

  reply(output: unknown): void {
    if (this.#isAnswered) return
    this.#port.say(itemWith(REPLY, this.id, output))
    this.#settle('done')
  }

  fail(error: WireError): void {
    if (this.#isAnswered) return
    this.#port.say([ERROR, this.id, error])
    this.#settle(error)
  }

  item(value: unknown): void {
    if (!this.#isAnswered) this.#port.say(itemWith(ITEM, this.id, value))
  }

  end(): void {
    if (this.#isAnswered) return
    this.#port.say([END, this.id])
    this.#settle('done')
  }

  give(count: number): void {
    if (this.#isAnswered) return
    this.#inCredit += count
    this.#consumed(count)
    this.#port.say([CREDIT, this.id, count])
  }

  released(): void {
    this.isRunning = false
    if (this.#isCancelled && this.#port.isInner) this.#port.say([RELEASED, this.id])
    this.#port.released(this)
  }

  /** Of the items that came: each is as large as another, as far as is known. */
  #consumed(count: number): void {
    if (this.#inTaken === 0) return
    const bytes = (this.#inBytes * count) / this.#inTaken
    this.#inTaken -= count
    this.#inBytes -= bytes
    this.heldBytes -= bytes
    this.#port.consumed(bytes)
  }

  #settle(outcome: Outcome): void {
    this.#isAnswered = true
    this.#early = undefined
    // What came of its stream and was not read is given up.
    this.#consumed(this.#inTaken)
    this.#port.answered(this, outcome)
  }
}
