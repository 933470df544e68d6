/**
 * A client without its sockets: its servers, which call goes where, and what becomes of those that fail.
 */
import {
  AbortedError,
  backoffDelayMs,
  type Clock,
  ClosedError,
  type Logger,
  parseOptions,
  TroupeError,
  type Waiter,
} from '@troupe/core'
import { type Deadline, Deadlines } from '../../actor/deadlines.js'
import { type Contract, streamsOf } from '../contract.js'
import { CallError, wireError } from '../rpc-errors.js'
import { parseBy } from '../standard.js'
import { CallTrace } from '../tracing.js'
import type { Metadata, WireError } from '../wire.js'
import { Balancer } from './balancer.js'
import { assertSource, type CallAttempt, type CallHost, ClientCall, type Given, type Line } from './client-call.js'
import type { ClientState, ServerState } from './client-state.js'
import { CallOptions, type CheckedConnectOptions } from './connect.options.js'
import { RetryBudget } from './retry-budget.js'
import { type Dial, Upstream } from './upstream.js'

export interface ClientTerms {
  readonly contract: Contract
  readonly options: CheckedConnectOptions
  readonly clock: Clock
  readonly log: Logger
  readonly dial: Dial
  random(): number
  soon(callback: () => void): void
}

const NO_OPTIONS: CallOptions = {}

/** Failures that say that a server is not well, and not that the call was wrong. */
const UNWELL: ReadonlySet<string> = new Set(['TIMEOUT', 'OVERLOADED', 'PROTOCOL_ERROR'])
/** Failures after which the call is made elsewhere once, whatever its budget: what ran it is gone. */
const LOST: ReadonlySet<string> = new Set(['WORKER_LOST', 'SERVER_LOST', 'UNAVAILABLE', 'PROTOCOL_ERROR'])

export class ClientCore implements CallHost {
  readonly #terms: ClientTerms
  readonly #balancer: Balancer
  readonly #budget: RetryBudget
  readonly #deadlines: Deadlines<ClientCall>
  readonly #patience: Deadlines<ClientCall>
  readonly #hedges: Deadlines<ClientCall>
  readonly #upstreams = new Map<string, Upstream>()
  /** Those that are not among the endpoints any more, and finish the calls that they have. */
  readonly #leaving = new Set<Upstream>()
  /** Those that take calls. */
  #open: readonly Upstream[] = []
  /** Calls without an end. */
  #pending = 0
  /** Those that wait for a server, and until when. */
  readonly #waiting = new Map<ClientCall, Deadline<ClientCall>>()
  /** Those that are made again in a while. */
  readonly #resting = new Set<ClientCall>()
  readonly #listeners = new Set<(state: ClientState) => void>()
  #isClosed = false
  #closing: Promise<void> | undefined

  constructor(terms: ClientTerms) {
    this.#terms = terms
    const { balance, retryBudget } = terms.options
    this.#balancer = new Balancer(balance, terms.random)
    this.#budget = new RetryBudget(retryBudget)
    this.#deadlines = new Deadlines(terms.clock, (call) =>
      call.expire(this.#waiting.has(call) ? this.#troubles : undefined),
    )
    this.#patience = new Deadlines(terms.clock, (call) => this.#impatient(call))
    this.#hedges = new Deadlines(terms.clock, (call) => this.#hedge(call))
  }

  get state(): ClientState {
    const servers = Array.from(this.#upstreams.values(), stateOf)
    const status = this.#isClosed ? 'closed' : this.#open.length > 0 ? 'ready' : 'connecting'
    return { status, servers, pending: this.#pending, waiting: this.#waiting.size }
  }

  subscribe(listener: (state: ClientState) => void): () => void {
    const own = (state: ClientState) => listener(state)
    this.#listeners.add(own)
    return () => this.#listeners.delete(own)
  }

  /** Tells `resolve` when a server takes calls, `reject` when none ever will; returns what takes that back. */
  whenReady({ resolve, reject }: Waiter<void>): () => void {
    const tell = ({ status }: ClientState) => {
      if (status === 'ready') resolve()
      else if (status === 'closed') reject(this.#closedError())
      if (status !== 'connecting') stop()
    }
    const stop = this.subscribe(tell)
    tell(this.state)
    return stop
  }

  /** The servers from now on. Those that are not among them any more finish the calls that they have. */
  setEndpoints(endpoints: readonly string[]): void {
    if (this.#isClosed) return
    const wanted = new Set(endpoints)
    for (const [endpoint, upstream] of this.#upstreams) {
      if (wanted.has(endpoint)) continue
      this.#upstreams.delete(endpoint)
      this.#leaving.add(upstream)
      upstream.leave()
    }
    for (const endpoint of wanted)
      if (!this.#upstreams.has(endpoint)) this.#upstreams.set(endpoint, this.#upstream(endpoint))
    this.#changed()
  }

  /** What the calls of a procedure share. */
  line(procedure: string): Line {
    const { contract, clock, options } = this.#terms
    const spec = contract.procedures[procedure]!
    const { in: hasIn, out: hasOut } = streamsOf(spec)
    const timeoutMs = spec.timeoutMs ?? (hasIn || hasOut ? 0 : options.timeoutMs)
    const name = `${contract.name}.${procedure}`
    return { name, procedure, spec, hasIn, hasOut, timeoutMs, window: options.window, clock, host: this }
  }

  /** Makes a call. @throws {InvalidOptionsError} `INVALID_OPTIONS` */
  call(line: Line, given: Given): ClientCall {
    if (given.options !== undefined) parseOptions(CallOptions, given.options as never, `call ${line.name}`)
    if (line.hasIn) assertSource(line.name, given.source)
    const call = new ClientCall(line, given, this.#metadataOf(given.options))
    const trace = CallTrace.ofClient(this.#terms.contract.name, line.procedure, call.metadata)
    if (trace !== undefined) {
      call.trace = trace
      call.metadata = trace.metadata
    }
    this.#begin(call)
    return call
  }

  failed(call: ClientCall, attempt: CallAttempt, error: WireError): void {
    if (UNWELL.has(error.code)) attempt.upstream.failed()
    // One death fails all calls that it held at once, and says nothing of the next.
    else if (LOST.has(error.code)) attempt.upstream.unclear()
    else attempt.upstream.succeeded()
    if (this.#isClosed) return call.reject(this.#closedError())
    // Its other try may still succeed.
    if (call.attempts.length > 0 && error.retryable) return
    if (!this.#again(call, attempt, error)) call.fail(error, attempt)
  }

  answered({ upstream }: CallAttempt): void {
    upstream.succeeded()
  }

  settled(call: ClientCall): void {
    this.#pending--
    if (call.deadline !== undefined) this.#deadlines.clear(call.deadline)
    if (call.hedging !== undefined) this.#hedges.clear(call.hedging)
    if (call.timer !== undefined) this.#awake(call)
    if (this.#waiting.size > 0) this.#stopWaiting(call)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#isClosed = true
    for (const call of [...this.#waiting.keys(), ...this.#resting]) call.reject(this.#closedError())
    for (const deadlines of [this.#deadlines, this.#patience, this.#hedges]) deadlines.close()
    await Promise.all([...this.#upstreams.values(), ...this.#leaving].map((upstream) => upstream.close()))
    this.#changed()
    this.#listeners.clear()
  }

  #closedError(): ClosedError {
    return new ClosedError(`the client of ${this.#terms.contract.name}`)
  }

  #begin(call: ClientCall): void {
    this.#pending++
    const { deadlineAtMs } = call
    const { name, spec } = call.line
    if (this.#isClosed) return call.reject(this.#closedError())
    const { signal, parent } = call.options
    for (const one of [signal, parent?.signal])
      if (one?.aborted) return call.reject(new AbortedError(`call ${name}`, one.reason))
    const checked = parseBy(spec.input, call.given.input)
    if (!checked.ok) return call.fail(wireError('INVALID_INPUT', `its input ${checked.why}`, { notRun: true }))
    if (this.#pending > this.#terms.options.maxPending) {
      const message = `call ${name} was not made: ${this.#pending - 1} calls are under way, and maxPending is as many`
      return call.reject(new TroupeError('QUEUE_FULL', message, { retryable: true }))
    }
    if (deadlineAtMs !== undefined) {
      if (deadlineAtMs <= this.#terms.clock.now()) return call.expire()
      call.deadline = this.#deadlines.set(call, deadlineAtMs)
    }
    call.listen()
    this.#budget.deposit()
    this.#dispatch(call)
  }

  /** Makes a try of a call at a server, now or as soon as there is one. */
  #dispatch(call: ClientCall): void {
    const upstream = this.#pick(call)
    if (upstream === undefined) return this.#isHopeless ? this.#impatient(call) : this.#wait(call)
    call.begin(upstream)
    const { hedgeAfterMs = this.#terms.options.hedgeAfterMs } = call.options
    if (hedgeAfterMs > 0 && call.tries === 1 && call.line.spec.idempotent === true && call.isRepeatable) {
      call.hedging = this.#hedges.set(call, this.#terms.clock.now() + hedgeAfterMs)
    }
  }

  #pick({ avoided, options }: ClientCall): Upstream | undefined {
    const { key } = options
    if (avoided === undefined) return this.#balancer.pick(this.#open, key)
    const others = this.#open.filter((upstream) => upstream !== avoided)
    return this.#balancer.pick(others.length > 0 ? others : this.#open, key)
  }

  /** Whether to wait is in vain: each server gets no calls, as it has failed too often, or has refused this client. */
  get #isHopeless(): boolean {
    const servers = [...this.#upstreams.values()]
    return servers.length > 0 && servers.every((server) => server.isBroken || server.hasRefused)
  }

  #wait(call: ClientCall): void {
    const untilMs = this.#terms.clock.now() + this.#terms.options.waitForServerMs
    this.#waiting.set(call, this.#patience.set(call, untilMs))
  }

  #stopWaiting(call: ClientCall): void {
    const waiting = this.#waiting.get(call)
    if (waiting === undefined) return
    this.#waiting.delete(call)
    this.#patience.clear(waiting)
  }

  #awake(call: ClientCall): void {
    this.#resting.delete(call)
    this.#terms.clock.clearTimeout(call.timer)
    call.timer = undefined
  }

  /** It has waited for a server, or need not wait, and none is there. */
  #impatient(call: ClientCall): void {
    this.#waiting.delete(call)
    const servers = [...this.#upstreams.values()]
    const refused = servers.find(({ trouble }) => trouble !== undefined && !trouble.retryable)?.trouble
    const code = refused?.code ?? (servers.some(({ isBroken }) => isBroken) ? 'CIRCUIT_OPEN' : 'UNAVAILABLE')
    call.fail(wireError(code, this.#troubles, { retryable: refused === undefined, notRun: true }))
  }

  /** Why a call waits. */
  get #troubles(): string {
    const whys = Array.from(this.#upstreams.values(), ({ endpoint, trouble, isBroken }) =>
      isBroken
        ? `${endpoint} has failed too often, and gets no calls for now`
        : `${endpoint}: ${trouble?.message ?? 'it does not answer'}`,
    )
    return `no server takes it (${whys.length === 0 ? 'the client knows of none' : whys.join('; ')})`
  }

  /** Whether a call that has failed at a server is made again. */
  #again(call: ClientCall, attempt: CallAttempt, error: WireError): boolean {
    if (!error.retryable || !call.isRepeatable) return false
    const isMovable = error.notRun && error.code === 'UNAVAILABLE'
    if (call.line.spec.idempotent !== true && !isMovable) return false
    call.avoided = attempt.upstream
    if (LOST.has(error.code)) {
      // By the server's start and by the try: of one server several workers may be lost.
      const lost = error.code === 'WORKER_LOST' ? `${attempt.where}/worker` : attempt.where
      call.lostWith ??= new Set()
      if (!call.lostWith.has(lost)) {
        call.lostWith.add(lost)
        this.#dispatch(call)
        return true
      }
    }
    const { retries = this.#terms.options.retries } = call.options
    if (call.retried >= retries || !this.#budget.take()) return false
    call.retried++
    const { clock, random, options } = this.#terms
    this.#resting.add(call)
    call.timer = clock.setTimeout(
      () => {
        this.#awake(call)
        this.#dispatch(call)
      },
      backoffDelayMs(options.backoff, call.retried, random),
    )
    return true
  }

  /** It has had no answer for a while: another server may be faster. */
  #hedge(call: ClientCall): void {
    const [attempt] = call.attempts
    if (attempt === undefined || call.attempts.length > 1 || !call.isRepeatable) return
    const others = this.#open.filter((upstream) => upstream !== attempt.upstream)
    const other = this.#balancer.pick(others)
    if (other !== undefined && this.#budget.take()) call.begin(other)
  }

  #upstream(endpoint: string): Upstream {
    const { contract, options, clock, log, dial, random, soon } = this.#terms
    return new Upstream({
      ...{ endpoint, contract, options, clock, log, dial, random, soon },
      changed: () => this.#changed(),
    })
  }

  #changed(): void {
    this.#open = [...this.#upstreams.values()].filter((upstream) => upstream.takesCalls)
    for (const upstream of this.#leaving) if (upstream.state === 'closed') this.#leaving.delete(upstream)
    if (this.#listeners.size > 0) {
      const { state } = this
      for (const listener of [...this.#listeners]) listener(state)
    }
    if (this.#open.length === 0) return this.#giveUpHope()
    for (const call of [...this.#waiting.keys()]) {
      // To make a call can change what takes calls: one is enough to see whether a server is well again.
      if (this.#open.length === 0) break
      if (!this.#waiting.has(call)) continue
      this.#stopWaiting(call)
      this.#dispatch(call)
    }
  }

  /** Calls that wait need not, if that is in vain. */
  #giveUpHope(): void {
    if (this.#waiting.size === 0 || !this.#isHopeless) return
    for (const call of [...this.#waiting.keys()]) {
      this.#stopWaiting(call)
      this.#impatient(call)
    }
  }

  #metadataOf({ metadata, parent }: CallOptions = NO_OPTIONS): Metadata {
    const { metadata: own } = this.#terms.options
    if (metadata === undefined && parent === undefined) return own
    const traced: Record<string, string> = {}
    for (const key of TRACE_KEYS) if (parent?.metadata[key] !== undefined) traced[key] = parent.metadata[key]
    return { ...own, ...traced, ...metadata }
  }
}

/** What of its metadata a call hands on to those that are made within it (W3C Trace Context). */
const TRACE_KEYS = ['traceparent', 'tracestate', 'baggage']

const stateOf = ({ endpoint, state, breaker, pending, instance, trouble }: Upstream): ServerState => ({
  endpoint,
  state,
  breaker,
  pending,
  instance,
  error: trouble === undefined ? undefined : new CallError('session', endpoint, trouble),
})
