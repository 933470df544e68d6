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

export class CallTrace {
  readonly #side: Side
  readonly #event: CallEvent
  readonly #startedMs = performance.now()
  readonly #context: Context | undefined
  readonly #span: Span | undefined

  private constructor(side: Side, event: CallEvent, context: Context | undefined, span: Span | undefined) {
    this.#side = side
    this.#event = event
    this.#context = context
    this.#span = span
    channels[side].start.publish(event)
  }

  /** Of a call that has come; undefined where nobody looks. */
  static ofServer(
    service: string,
    call: { readonly procedure: string; readonly metadata: Metadata; readonly peer: { readonly id: string } },
  ): CallTrace | undefined {
    const api = activeTelemetry()
    if (api === undefined && !isWatched('server')) return undefined
    const event: CallEvent = { service, procedure: call.procedure, metadata: call.metadata, peer: call.peer.id }
    if (api === undefined) return new CallTrace('server', event, undefined, undefined)
    const parent = api.propagation.extract(api.context.active(), call.metadata)
    const { span, context } = begin(api, event, api.SpanKind.SERVER, parent)
    return new CallTrace('server', event, context, span)
  }

  /** Of a call that is made; undefined where nobody looks. */
  static ofClient(service: string, procedure: string, metadata: Metadata): CallTrace | undefined {
    const api = activeTelemetry()
    if (api === undefined && !isWatched('client')) return undefined
    if (api === undefined) return new CallTrace('client', { service, procedure, metadata }, undefined, undefined)
    const { span, context } = begin(api, { service, procedure, metadata }, api.SpanKind.CLIENT, api.context.active())
    const carried = { ...metadata }
    api.propagation.inject(context, carried)
    return new CallTrace('client', { service, procedure, metadata: carried }, context, span)
  }

  /** What goes with the call. */
  get metadata(): Metadata {
    return this.#event.metadata
  }

  /** Runs what belongs to the call. */
  within<Value>(run: () => Value): Value {
    if (this.#context === undefined || telemetry == null) return run()
    return telemetry.context.with(this.#context, run)
  }

  ended(outcome: Outcome): void {
    const failure = outcome === 'done' ? undefined : outcome === 'cancelled' ? 'cancelled' : outcome.code
    this.#event.durationMs = performance.now() - this.#startedMs
    this.#event.failure = failure
    channels[this.#side].end.publish(this.#event)
    if (this.#span === undefined) return
    if (failure !== undefined) {
      this.#span.setAttribute('error.type', failure)
      const message = typeof outcome === 'object' ? outcome.message : failure
      this.#span.setStatus({ code: 2 satisfies SpanStatusCode.ERROR, message })
    }
    this.#span.end()
  }
}

const isWatched = (side: Side): boolean => channels[side].start.hasSubscribers || channels[side].end.hasSubscribers

/** Names and attributes are those of OpenTelemetry's conventions for RPC. */
function begin(api: Telemetry, { service, procedure }: CallEvent, kind: number, parent: Context) {
  const attributes = { 'rpc.system': 'troupe', 'rpc.service': service, 'rpc.method': procedure }
  const span = api.trace
    .getTracer('@troupe/actors/rpc')
    .startSpan(`${service}/${procedure}`, { kind, attributes }, parent)
  return { span, context: api.trace.setSpan(parent, span) }
}
