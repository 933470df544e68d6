/**
 * A call as its client has it: its tries at servers, and its one end.
 */
import { setMaxListeners } from 'node:events'
import { AbortedError, type Clock, InvalidOptionsError, TimeoutError, type TroupeError } from '@troupe/core'
import type { Deadline } from '../../actor/deadlines.js'
import type { ProcedureSpec } from '../contract.js'
import { Inflow } from '../inflow.js'
import { Outflow } from '../outflow.js'
import { CallError, DeclaredError, wireError } from '../rpc-errors.js'
import { parseBy } from '../standard.js'
import type { CallTrace } from '../tracing.js'
import type { CallHead, Metadata, WireError } from '../wire.js'
import type { CallOptions } from './connect.options.js'
import type { Attempt, Upstream } from './upstream.js'

/** What all calls of one procedure share. */
export interface Line {
  /** As `pricing.quote`. */
  readonly name: string
  readonly procedure: string
  readonly spec: ProcedureSpec
  readonly hasIn: boolean
  readonly hasOut: boolean
  /** How long a call waits unless it says otherwise, in ms; 0 for ever. */
  readonly timeoutMs: number
  /** How many items of a stream out may be under way. */
  readonly window: number
  readonly clock: Clock
  readonly host: CallHost
}

export type Source = AsyncIterable<unknown> | Iterable<unknown>
export type Resolve = (value: unknown) => void
export type Reject = (reason: unknown) => void

/** What a call brings, and who waits for its end, unless it has a stream out. */
export interface Given {
  readonly input: unknown
  /** What is to be sent as its stream in. */
  readonly source: Source | undefined
  readonly options: CallOptions | undefined
  readonly resolve: Resolve | undefined
  readonly reject: Reject | undefined
}

/** What a call tells the client that makes it. */
export interface CallHost {
  /** A try of it has failed; the call itself has not yet. */
  failed(call: ClientCall, attempt: CallAttempt, error: WireError): void
  /** A server has answered. */
  answered(attempt: CallAttempt): void
  /** It has its end. */
  settled(call: ClientCall): void
}

/** One try of a call at one server. */
export class CallAttempt implements Attempt {
  id = 0
  credit = 0
  readonly call: ClientCall
  readonly upstream: Upstream
  /** The start of the server where it is made. */
  readonly where: string
  /** Of a stream in: what sends it. */
  outgoing: Outflow | undefined

  constructor(call: ClientCall, upstream: Upstream) {
    this.call = call
    this.upstream = upstream
    this.where = upstream.instance!
  }

  get procedure(): string {
    return this.call.line.procedure
  }

  get hasOut(): boolean {
    return this.call.line.hasOut
  }

  get leftMs(): number | null {
    return this.call.leftMs
  }

  get head(): CallHead | null {
    return headOf(this.call.metadata, this.call.incoming === undefined ? 0 : this.call.line.window)
  }

  get input(): unknown {
    return this.call.given.input
  }

  replied(output: unknown): void {
    this.call.replied(this, output)
  }

  failed(error: WireError): void {
    this.outgoing?.stop()
    this.call.attemptFailed(this, error)
  }

  item(value: unknown): void {
    this.call.item(this, value)
  }

  ended(): void {
    this.call.ended(this)
  }

  credited(count: number): void {
    this.outgoing?.give(count)
  }
}

const NO_OPTIONS: CallOptions = {}
const NONE: readonly CallAttempt[] = []

export class ClientCall {
  readonly line: Line
  readonly given: Given
  readonly options: CallOptions
  /** What goes with it. */
  metadata: Metadata
  readonly deadlineAtMs: number | undefined
  readonly #timeoutMs: number | undefined
  trace: CallTrace | undefined
  /** Its stream out, if it has one. */
  readonly incoming: Inflow<unknown> | undefined
  attempts: readonly CallAttempt[] = NONE
  /** How often it was made. */
  tries = 0
  /** The servers, by the ids of their starts, that were lost with it. */
  lostWith: Set<string> | undefined
  /** Where it is not made again, if there is elsewhere. */
  avoided: Upstream | undefined
  /** How often it was made again within its budget. */
  retried = 0
  /** A timer of its next try. */
  timer: unknown
  deadline: Deadline<ClientCall> | undefined
  /** When it is made at another server too. */
  hedging: Deadline<ClientCall> | undefined
  #hasBegun = false
  #isSettled = false
  #unlisten: (() => void) | undefined

  constructor(line: Line, given: Given, metadata: Metadata) {
    this.line = line
    this.given = given
    this.options = given.options ?? NO_OPTIONS
    this.metadata = metadata
    this.#timeoutMs = limitOf(line, this.options)
    this.deadlineAtMs = this.#timeoutMs === undefined ? undefined : line.clock.now() + this.#timeoutMs
    if (line.hasOut) {
      this.incoming = new Inflow(line.window, {
        credit: (count) => this.#credit(count),
        abandoned: () => this.#settle('cancelled'),
      })
    }
  }

  /** Whether it may be made again, as nothing that its caller or a server can see was done yet. */
  get isRepeatable(): boolean {
    return !this.#hasBegun
  }

  get leftMs(): number | null {
    if (this.deadlineAtMs === undefined || this.#timeoutMs === undefined) return null
    // The first try is made at once.
    return this.tries <= 1 ? this.#timeoutMs : this.deadlineAtMs - this.line.clock.now()
  }

  /** Ends with its caller's signal, and with the call within which it is made. */
  listen(): void {
    const { signal, parent } = this.options
    if (signal === undefined && parent === undefined) return
    const abort = ({ target }: { target: unknown }) => this.#aborted((target as AbortSignal).reason)
    const signals = [signal, parent?.signal].filter((one) => one !== undefined)
    for (const one of signals) {
      // One signal is for as many calls as its caller likes: that is no leak, which Node would warn of.
      setMaxListeners(0, one)
      one.addEventListener('abort', abort as (event: unknown) => void)
    }
    this.#unlisten = () => {
      for (const one of signals) one.removeEventListener('abort', abort as (event: unknown) => void)
    }
  }

  /** Makes a try of it at a server. */
  begin(upstream: Upstream): void {
    this.tries++
    const attempt = new CallAttempt(this, upstream)
    this.attempts = this.attempts.length === 0 ? [attempt] : [...this.attempts, attempt]
    this.trace?.sentTo(upstream.endpoint)
    upstream.begin(attempt)
    if (!this.line.hasIn || this.#isSettled) return
    // What has left the source cannot be had again.
    this.#hasBegun = true
    attempt.outgoing = this.#send(attempt, this.given.source!)
  }

  replied(attempt: CallAttempt, output: unknown): void {
    this.line.host.answered(attempt)
    attempt.outgoing?.stop()
    this.#drop(attempt)
    if (this.#isSettled) return
    const parsed = parseBy(this.line.spec.output, output)
    if (!parsed.ok) return this.fail(wireError('INVALID_OUTPUT', `its output ${parsed.why}`), attempt)
    this.#settle('done')
    this.given.resolve?.(parsed.value)
  }

  item(attempt: CallAttempt, value: unknown): void {
    if (this.#isSettled) return
    this.#hasBegun = true
    const parsed = parseBy(this.line.spec.stream?.out, value)
    if (parsed.ok) return this.incoming?.item(parsed.value)
    this.fail(wireError('INVALID_OUTPUT', `an item of its stream ${parsed.why}`), attempt)
  }

  ended(attempt: CallAttempt): void {
    this.line.host.answered(attempt)
    attempt.outgoing?.stop()
    this.#drop(attempt)
    if (this.#isSettled) return
    this.#settle('done')
    this.incoming?.end()
    this.given.resolve?.(undefined)
  }

  attemptFailed(attempt: CallAttempt, error: WireError): void {
    this.#drop(attempt)
    if (!this.#isSettled) this.line.host.failed(this, attempt, error)
  }

  /** It has failed for good. */
  fail(error: WireError, attempt?: CallAttempt): void {
    this.reject(this.#errorOf(error, attempt), error)
  }

  /** It has failed here, before or beside any server. */
  reject(error: Error, told?: WireError): void {
    if (this.#isSettled) return
    this.#settle(told ?? wireError((error as TroupeError).code ?? 'INTERNAL', error.message))
    this.incoming?.fail(error)
    this.given.reject?.(error)
  }

  /** Its time is over, which the servers that had it are to blame for; `why` when it has waited for one. */
  expire(why?: string): void {
    for (const { upstream } of this.attempts) upstream.failed()
    this.reject(new TimeoutError(`call ${this.line.name}`, Math.round(this.#timeoutMs ?? 0), why))
  }

  #aborted(reason: unknown): void {
    this.reject(new AbortedError(`call ${this.line.name}`, reason))
  }

  #settle(outcome: 'done' | 'cancelled' | WireError): void {
    if (this.#isSettled) return
    this.#isSettled = true
    this.#unlisten?.()
    if (this.attempts.length > 0) this.#giveUp()
    this.trace?.ended(outcome)
    this.line.host.settled(this)
  }

  /** Its tries at servers are not wanted any more. */
  #giveUp(): void {
    const { attempts } = this
    this.attempts = NONE
    for (const attempt of attempts) {
      attempt.outgoing?.stop()
      attempt.upstream.cancel(attempt)
    }
  }

  #drop(attempt: CallAttempt): void {
    this.attempts = this.attempts.length <= 1 ? NONE : this.attempts.filter((other) => other !== attempt)
  }

  #credit(count: number): void {
    for (const attempt of this.attempts) attempt.upstream.credit(attempt, count)
  }

  /** Sends its stream in, as far as the server gives credit. */
  #send(attempt: CallAttempt, source: Source): Outflow {
    const { upstream } = attempt
    const schema = this.line.spec.stream?.in
    const outflow = new Outflow(source, upstream.window, {
      item: (value) => {
        const checked = parseBy(schema, value)
        if (!checked.ok)
          throw new CallError(
            this.line.name,
            undefined,
            wireError('INVALID_INPUT', `an item of its stream ${checked.why}`),
          )
        upstream.item(attempt, value)
      },
      end: () => upstream.end(attempt),
      // The caller's own failure is what the call fails with.
      fail: (error) => this.reject(error instanceof Error ? error : new Error(String(error))),
    })
    void outflow.run()
    return outflow
  }

  #errorOf(error: WireError, attempt: CallAttempt | undefined): Error {
    const { name, spec } = this.line
    const { kind, data, message } = error
    const endpoint = attempt?.upstream.endpoint
    if (error.code !== 'DECLARED_ERROR' || kind === undefined) return new CallError(name, endpoint, error)
    const { errors = {} } = spec
    if (!Object.hasOwn(errors, kind)) {
      const what = `it failed with ${kind}, which this contract does not declare: ${message}`
      return new CallError(name, endpoint, wireError('CALL_FAILED', what))
    }
    const parsed = parseBy(errors[kind], data)
    if (!parsed.ok)
      return new CallError(name, endpoint, wireError('INVALID_OUTPUT', `the data of its error ${kind} ${parsed.why}`))
    return new DeclaredError(kind, parsed.value, message)
  }
}

/** How long a call waits, in ms; undefined for ever. */
function limitOf(line: Line, { timeoutMs = line.timeoutMs, parent }: CallOptions): number | undefined {
  const own = timeoutMs === 0 ? Number.POSITIVE_INFINITY : timeoutMs
  const limit = parent === undefined ? own : Math.min(own, parent.leftMs)
  return limit === Number.POSITIVE_INFINITY ? undefined : limit
}

function headOf(metadata: Metadata, credit: number): CallHead | null {
  for (const _ in metadata) return credit === 0 ? { metadata } : { metadata, credit }
  return credit === 0 ? null : { credit }
}

/** What a stream in was given as. @throws {InvalidOptionsError} `INVALID_OPTIONS` for what is none */
export function assertSource(name: string, source: unknown): void {
  const { [Symbol.asyncIterator]: asynchronous, [Symbol.iterator]: synchronous } = Object(source) as Partial<
    AsyncIterable<unknown> & Iterable<unknown>
  >
  if (typeof asynchronous === 'function' || typeof synchronous === 'function') return
  throw new InvalidOptionsError(`call ${name}`, [
    { path: 'stream', message: 'must be an iterable or an async iterable' },
  ])
}
