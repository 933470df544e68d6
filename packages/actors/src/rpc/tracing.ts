/**
 * What can be seen of calls from outside: events on `node:diagnostics_channel`, and spans of OpenTelemetry where its API is
 * installed. Costs nothing where nobody looks.
 */
import { channel } from 'node:diagnostics_channel'
import { createRequire } from 'node:module'
import type { Context, Span, SpanStatusCode } from '@opentelemetry/api'
import type { Outcome } from './server/server-call.js'
import type { Metadata } from './wire.js'

/** A call, on the channels `troupe:rpc:{client,server}:{start,end}`: the same object at both. */
export interface CallEvent {
  readonly service: string
  readonly procedure: string
  readonly metadata: Metadata
  /** Of a server: who calls. */
  readonly peer?: string | undefined
  /** Of a client: the server that was asked last; there once one was. */
  endpoint?: string | undefined
  /** From its start to its end, in ms; there at its end. */
  durationMs?: number
  /** At its end: the code of the error, `cancelled`, or undefined if it ended well. */
  failure?: string | undefined
}

const channels = {
  client: { start: channel('troupe:rpc:client:start'), end: channel('troupe:rpc:client:end') },
  server: { start: channel('troupe:rpc:server:start'), end: channel('troupe:rpc:server:end') },
} as const

type Side = keyof typeof channels
type Telemetry = typeof import('@opentelemetry/api')

/** Where OpenTelemetry's API, of whichever copy, keeps what the program has registered. */
const REGISTRY = Symbol.for('opentelemetry.js.api.1')

let telemetry: Telemetry | null | undefined

/** OpenTelemetry's API, if the program has it and has registered a tracer: without one there is nothing to trace for. */
function activeTelemetry(): Telemetry | undefined {
  const registry = (globalThis as { [REGISTRY]?: { readonly trace?: unknown } })[REGISTRY]
  if (registry?.trace === undefined) return undefined
  if (telemetry === undefined) {
    try {
      telemetry = createRequire(import.meta.url)('@opentelemetry/api') as Telemetry
    } catch {
      // A copy that is not to be found from here.
      telemetry = null
    }
  }
  return telemetry ?? undefined
}

/** What a trace is told of a call that a server has taken. */
interface TakenCall {
  readonly procedure: string
  readonly metadata: Metadata
  readonly peer: { readonly id: string }
}

/** What is no fault of the server whose span it is. */
const CALLERS_FAULTS: ReadonlySet<string> = new Set(['DECLARED_ERROR', 'REFUSED', 'INVALID_INPUT'])

export class CallTrace {
  readonly #side: Side
  readonly #event: CallEvent
  readonly #startedMs = performance.now()
  readonly #begun: Begun | undefined
  /** What goes on from here: as it came, with the span of this call in place of the caller's. */
  readonly metadata: Metadata

  private constructor(side: Side, event: CallEvent, begun?: Begun) {
    this.#side = side
    this.#event = event
    this.#begun = begun
    this.metadata = begun?.metadata ?? event.metadata
    channels[side].start.publish(event)
  }

  /** Of a call that has come, to a service or to one of its workers; undefined where nobody looks. */
  static ofServer(service: string, call: TakenCall, isInner: boolean): CallTrace | undefined {
    const api = activeTelemetry()
    if (api === undefined && !isWatched('server')) return undefined
    const { procedure, metadata } = call
    const event: CallEvent = { service, procedure, metadata, peer: call.peer.id }
    if (api === undefined) return new CallTrace('server', event)
    const parent = api.propagation.extract(api.context.active(), metadata)
    // A service has one server's span for a call: what its worker does is within that.
    const kind = isInner ? api.SpanKind.INTERNAL : api.SpanKind.SERVER
    return new CallTrace('server', event, begin(api, event, kind, parent))
  }

  /** Of a call that is made; undefined where nobody looks. */
  static ofClient(service: string, procedure: string, metadata: Metadata): CallTrace | undefined {
    const api = activeTelemetry()
    if (api === undefined && !isWatched('client')) return undefined
    if (api === undefined) return new CallTrace('client', { service, procedure, metadata })
    const active = api.context.active()
    // Where no span is active what goes with the call, as of its parent, may name one.
    const parent = api.trace.getSpan(active) === undefined ? api.propagation.extract(active, metadata) : active
    const begun = begin(api, { service, procedure, metadata }, api.SpanKind.CLIENT, parent)
    return new CallTrace('client', { service, procedure, metadata: begun.metadata }, begun)
  }

  /** Runs what belongs to the call. */
  within<Value>(run: () => Value): Value {
    if (this.#begun === undefined || telemetry == null) return run()
    return telemetry.context.with(this.#begun.context, run)
  }

  /** A server is asked. */
  sentTo(endpoint: string): void {
    this.#event.endpoint = endpoint
    const [, host, port] = /^tcp:\/\/(.+):(\d+)$/.exec(endpoint) ?? []
    const where = host === undefined ? { 'server.address': endpoint } : { 'server.address': host }
    this.#begun?.span.setAttributes(port === undefined ? where : { ...where, 'server.port': Number(port) })
  }

  ended(outcome: Outcome): void {
    const failure = outcome === 'done' ? undefined : outcome === 'cancelled' ? 'cancelled' : outcome.code
    this.#event.durationMs = performance.now() - this.#startedMs
    this.#event.failure = failure
    channels[this.#side].end.publish(this.#event)
    if (this.#begun === undefined) return
    const { span } = this.#begun
    if (outcome === 'cancelled') span.addEvent('cancelled')
    else if (outcome !== 'done') {
      span.setAttribute('error.type', outcome.kind ?? outcome.code)
      const isFault = this.#side === 'client' || !CALLERS_FAULTS.has(outcome.code)
      if (isFault) span.setStatus({ code: 2 satisfies SpanStatusCode.ERROR, message: outcome.message })
    }
    span.end()
  }
}

const isWatched = (side: Side): boolean => channels[side].start.hasSubscribers || channels[side].end.hasSubscribers

interface Begun {
  readonly span: Span
  readonly context: Context
  /** That of the call, with this span for what it is continued by. */
  readonly metadata: Metadata
}

/** Names and attributes are those of OpenTelemetry's conventions for RPC. */
function begin(api: Telemetry, { service, procedure, metadata }: CallEvent, kind: number, parent: Context): Begun {
  const attributes = { 'rpc.system': 'troupe', 'rpc.service': service, 'rpc.method': procedure }
  const span = api.trace
    .getTracer('@troupe/actors/rpc')
    .startSpan(`${service}/${procedure}`, { kind, attributes }, parent)
  const context = api.trace.setSpan(parent, span)
  const carried = { ...metadata }
  api.propagation.inject(context, carried)
  return { span, context, metadata: carried }
}
