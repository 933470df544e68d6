/**
 * A server without its socket: the sessions of its clients, which calls run and which wait, and its end.
 */
import { randomBytes } from 'node:crypto'
import { type Clock, type Deferred, deferred, type Logger } from '@troupe/core'
import { Deadlines } from '../../actor/deadlines.js'
import type { Contract } from '../contract.js'
import { type ContractDescription, describeContract } from '../describe.js'
import { wireError } from '../rpc-errors.js'
import { CallTrace } from '../tracing.js'
import type { WelcomeOptions, WireError } from '../wire.js'
import { STOPPING } from './admission.js'
import type { Executor, Peer } from './execution.js'
import type { Gate } from './gatekeeper.js'
import type { ClientLimits } from './holdings.js'
import { type RefusalStats, Refusals } from './refusals.js'
import type { CheckedCommonOptions } from './serve.options.js'
import type { Outcome, ServerCall } from './server-call.js'
import { type Host, Session, type SessionPort } from './session.js'

export interface ServiceStats extends RefusalStats {
  /** Calls that run now. */
  readonly running: number
  /** Calls that wait to run. */
  readonly queued: number
  /** Clients that have a session. */
  readonly sessions: number
  /** Calls that were answered well, with an error, or given up by their caller. */
  readonly done: number
  readonly failed: number
  readonly cancelled: number
  /** Calls that were refused because too many ran and waited, or too much of their client was there. */
  readonly overloaded: number
}

/** What `$health` answers. */
export interface Health {
  readonly status: 'serving' | 'draining'
  readonly service: string
  readonly version: string | null
  readonly instance: string
  readonly running: number
  readonly queued: number
  readonly sessions: number
  readonly uptimeMs: number
  /** Calls that were answered well, with an error, given up, refused. Servers of other makes need not tell. */
  readonly done?: number | undefined
  readonly failed?: number | undefined
  readonly cancelled?: number | undefined
  readonly overloaded?: number | undefined
  /** Workers that serve; 0 where the server itself does. */
  readonly workers?: number | undefined
}

export interface CoreTerms {
  readonly contract: Contract
  readonly executor: Executor
  readonly options: ClientLimits &
    Pick<CheckedCommonOptions, 'maxQueued' | 'window' | 'maxMessageBytes' | 'heartbeatMs' | 'livenessMs'>
  readonly clock: Clock
  readonly log: Logger
  /** Whether it is a worker: then its service watches the deadlines. */
  readonly isInner?: boolean
  /** Of a secured service. */
  readonly gate?: Gate | undefined
  /** How many workers serve; none without it. */
  workers?(): number
  soon(callback: () => void): void
}

export class ServerCore implements Host {
  readonly contract: Contract
  readonly welcome: WelcomeOptions
  readonly #terms: CoreTerms
  readonly #deadlines: Deadlines<ServerCall>
  readonly #sessions = new Set<Session>()
  #running = 0
  readonly #traces = new Map<ServerCall, CallTrace>()
  /** In the order of their arrival. */
  readonly #queue = new Set<ServerCall>()
  #isAdmitting = false
  #counts = { done: 0, failed: 0, cancelled: 0, overloaded: 0 }
  readonly #refusals: Refusals
  #idle: Deferred<void> | undefined
  #isDraining = false
  readonly #startedMs: number
  readonly #own: Readonly<Record<string, () => unknown>>

  constructor(terms: CoreTerms) {
    this.#terms = terms
    this.contract = terms.contract
    const { heartbeatMs, livenessMs, window, maxMessageBytes } = terms.options
    this.welcome = {
      service: terms.contract.name,
      contractVersion: terms.contract.version ?? null,
      instance: randomBytes(8).toString('hex'),
      heartbeatMs,
      livenessMs,
      window,
      maxMessageBytes,
    }
    this.#startedMs = terms.clock.now()
    this.#refusals = new Refusals(terms.clock, terms.log)
    this.#deadlines = new Deadlines(terms.clock, (call) => call.expire())
    // It costs much, and is always the same.
    let description: ContractDescription | undefined
    this.#own = {
      $health: () => this.health,
      $describe: () => {
        description ??= describeContract(terms.contract)
        return description
      },
    }
  }

  get isInner(): boolean {
    return this.#terms.isInner === true
  }

  get isDraining(): boolean {
    return this.#isDraining
  }

  get gate(): Gate | undefined {
    return this.#terms.gate
  }

  get limits(): ClientLimits {
    return this.#terms.options
  }

  get stats(): ServiceStats {
    return { ...this.#calls, ...this.#refusals.stats }
  }

  get #calls(): Omit<ServiceStats, keyof RefusalStats> {
    return { running: this.#running, queued: this.#queue.size, sessions: this.#sessions.size, ...this.#counts }
  }

  get health(): Health {
    const { service, contractVersion, instance } = this.welcome
    const { clock, workers } = this.#terms
    const status = this.#isDraining ? 'draining' : 'serving'
    const uptimeMs = Math.round(clock.now() - this.#startedMs)
    const about = { status, service, version: contractVersion, instance } as const
    return { ...about, ...this.#calls, uptimeMs, workers: workers?.() ?? 0 }
  }

  /** A peer has sent something for the first time. */
  open(port: SessionPort): Session {
    const session = new Session(this, port)
    this.#sessions.add(session)
    return session
  }

  /** A session has ended. */
  closed(session: Session): void {
    this.#sessions.delete(session)
  }

  /** Called each heartbeat: ends the sessions of clients that show no sign of life. */
  tick(): void {
    const { heartbeatMs, livenessMs } = this.#terms.options
    for (const session of [...this.#sessions]) {
      if (session.tick() * heartbeatMs >= livenessMs)
        session.end(`nothing was heard of its client for ${livenessMs} ms`)
    }
  }

  now(): number {
    return this.#terms.clock.now()
  }

  soon(callback: () => void): void {
    this.#terms.soon(callback)
  }

  own(procedure: string): (() => unknown) | undefined {
    return procedure[0] === '$' && Object.hasOwn(this.#own, procedure) ? this.#own[procedure] : undefined
  }

  take(call: ServerCall): void {
    const trace = CallTrace.ofServer(this.contract.name, call, this.isInner)
    if (trace !== undefined) {
      this.#traces.set(call, trace)
      call.metadata = trace.metadata
    }
    if (this.#isDraining) return call.fail(STOPPING)
    if (call.deadlineAtMs !== undefined && !this.isInner) {
      if (call.deadlineAtMs <= call.arrivedAtMs) return call.expire()
      call.deadline = this.#deadlines.set(call, call.deadlineAtMs)
    }
    if (this.#queue.size === 0 && this.#terms.executor.hasRoom) return this.#run(call)
    if (this.#queue.size < this.#terms.options.maxQueued) {
      this.#queue.add(call)
      return
    }
    this.overloaded()
    const { maxQueued } = this.#terms.options
    const message = `${this.#running} calls run and ${maxQueued} wait, which is all that it takes (maxQueued)`
    call.fail(wireError('OVERLOADED', message, { retryable: true, notRun: true }))
  }

  answered(call: ServerCall, outcome: Outcome): void {
    if (call.deadline !== undefined) this.#deadlines.clear(call.deadline)
    if (this.#traces.size > 0) {
      this.#traces.get(call)?.ended(outcome)
      this.#traces.delete(call)
    }
    if (outcome === 'done') this.#counts.done++
    else if (outcome === 'cancelled') this.#counts.cancelled++
    else this.#counts.failed++
    if (this.#queue.size > 0) this.#queue.delete(call)
  }

  overloaded(): void {
    this.#counts.overloaded++
  }

  refused({ id }: Peer, error: WireError): void {
    this.#refusals.count(id, error)
  }

  /** Somebody did not come so far as to have a session. */
  handshakeFailed(endpoint: string, error: Error): void {
    this.#refusals.handshakeFailed(endpoint, error)
  }

  released(_call: ServerCall): void {
    this.#running--
    this.admit()
    if (this.#running === 0) this.#idle?.resolve()
  }

  /** Runs what waits, as far as there is room. */
  admit(): void {
    if (this.#isAdmitting) return
    this.#isAdmitting = true
    for (const call of this.#queue) {
      if (!this.#terms.executor.hasRoom) break
      this.#queue.delete(call)
      this.#run(call)
    }
    this.#isAdmitting = false
  }

  /**
   * Takes no more calls, and refuses those that wait. Resolves when none runs any more, or after `drainMs`, when those that
   * do are aborted.
   */
  async drain(drainMs: number): Promise<void> {
    this.#isDraining = true
    for (const session of this.#sessions) session.drain()
    for (const call of [...this.#queue]) call.fail(STOPPING)
    if (this.#running === 0) return
    this.#idle = deferred()
    const timer = this.#terms.clock.setTimeout(() => this.#idle?.resolve(), drainMs)
    await this.#idle.promise
    this.#terms.clock.clearTimeout(timer)
    this.abort()
  }

  /** Aborts the calls that run, and waits for them no longer. */
  abort(): void {
    for (const session of this.#sessions) session.abort(STOPPED)
    this.#idle?.resolve()
  }

  close(): void {
    for (const session of [...this.#sessions]) session.bye(STOPPED)
    this.#deadlines.close()
  }

  #run(call: ServerCall): void {
    this.#running++
    const run = () => call.run((callee) => this.#terms.executor.begin(callee))
    const trace = this.#traces.size > 0 ? this.#traces.get(call) : undefined
    if (trace === undefined) run()
    else trace.within(run)
  }
}

/** What may have begun there may not be made elsewhere, unless it is idempotent. */
const STOPPED = wireError('UNAVAILABLE', 'the server has stopped before the call was done', { retryable: true })
