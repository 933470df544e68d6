import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { type Client, connect, contract, procedure, type Service, serve } from '@troupe/actors/rpc'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import { activeSpan, type RecordedSpan, startTelemetry } from './fixtures/telemetry.mjs'
import { type Traced, traced, tracedHandlers } from './fixtures/traced.mjs'
import { gathered } from './gathered.js'

let telemetry: ReturnType<typeof startTelemetry>
beforeAll(() => {
  telemetry = startTelemetry()
})
beforeEach(() => telemetry.reset())
afterAll(() => telemetry.stop())

const endpoint = 'tcp://127.0.0.1:!'

async function open(serving: Promise<Service> = serve(traced, tracedHandlers({ activeSpan }), { endpoint })) {
  const service = await serving
  const client = connect(traced, { endpoints: [service.endpoint] })
  onTestFinished(async () => {
    await client.close()
    await service.stop()
  })
  await client.ready()
  return { service, client }
}

/** The spans that a call has made here, once there are as many as that: of its client, and of its server. */
async function spansOf(
  run: (client: Client<Traced>) => Promise<unknown>,
  client: Client<Traced>,
): Promise<readonly [client: RecordedSpan, server: RecordedSpan]> {
  await run(client).catch(() => undefined)
  await expect.poll(() => telemetry.spans().length).toBe(2)
  const of = (kind: SpanKind) => telemetry.spans().find((span) => span.kind === kind)!
  return [of(SpanKind.CLIENT), of(SpanKind.SERVER)]
}

describe('the spans of a call', () => {
  it('are one of its client, and within that one of its server, by the names of the conventions', async () => {
    const { service, client } = await open()
    const [outer, inner] = await spansOf((to) => to.seen(), client)
    const attributes = { 'rpc.system': 'troupe', 'rpc.service': 'traced', 'rpc.method': 'seen' }
    const [, port] = /:(\d+)$/.exec(service.endpoint)!
    expect(outer).toMatchObject({ name: 'traced/seen', parent: null, status: SpanStatusCode.UNSET })
    expect(outer.attributes).toEqual({ ...attributes, 'server.address': '127.0.0.1', 'server.port': Number(port) })
    expect(inner).toMatchObject({ name: 'traced/seen', traceId: outer.traceId, parent: outer.id, attributes })
  })

  it('are within the span that is active where the call is made', async () => {
    const { client } = await open()
    const [id, traceId] = await trace.getTracer('test').startActiveSpan('work', async (span) => {
      await client.seen()
      return [span.spanContext().spanId, span.spanContext().traceId]
    })
    await expect
      .poll(() => telemetry.spans().find(({ kind }) => kind === SpanKind.CLIENT))
      .toMatchObject({ traceId, parent: id })
  })

  it('are within the trace that the metadata of the call names, where no span is active', async () => {
    const { client } = await open()
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    const [outer] = await spansOf((to) => to.seen(undefined, { metadata: { traceparent } }), client)
    expect(outer).toMatchObject({ traceId: traceparent.slice(3, 35), parent: traceparent.slice(36, 52) })
  })

  it('are active in the handler, before and after it waits, and through its stream', async () => {
    const { client } = await open()
    let seen: (string | null)[] = []
    const [, unary] = await spansOf(async (to) => {
      seen = await to.active()
    }, client)
    expect(seen).toEqual([unary.id, unary.id])
    telemetry.reset()
    // More than a window: the later ones come when credit does.
    const [, stream] = await spansOf(async (to) => {
      seen = await gathered(to.activeStream(1_000))
    }, client)
    expect(seen).toHaveLength(1_000)
    expect(new Set(seen)).toEqual(new Set([stream.id]))
  })

  it('hold those of the calls that the handler makes, with and without its context as parent', async () => {
    const { client: toLast } = await open()
    const relay = contract('relay', { procedures: { call: procedure({ input: z.boolean() }) } })
    const handlers = {
      call: async (isTold: boolean, context: object) => {
        await toLast.seen(undefined, (isTold ? { parent: context } : {}) as never)
      },
    }
    await using first = await serve(relay, handlers, { endpoint })
    await using client = connect(relay, { endpoints: [first.endpoint] })
    for (const isTold of [true, false]) {
      telemetry.reset()
      await client.call(isTold)
      await expect.poll(() => telemetry.spans().length).toBe(4)
      const chain = ['relay/call 2', 'relay/call 1', 'traced/seen 2', 'traced/seen 1']
      const spans = telemetry.spans()
      let parent: string | null = null
      for (const link of chain) {
        const span: RecordedSpan = spans.find(({ name, kind }) => `${name} ${kind}` === link)!
        expect(span.parent).toBe(parent)
        parent = span.id
      }
    }
  })
})

describe('the span of a call that failed', () => {
  it.each([
    ['fail', 'CALL_FAILED', SpanStatusCode.ERROR],
    // What the contract declares is how the server says no: no fault of it.
    ['declared', 'GONE', SpanStatusCode.UNSET],
  ] as const)('says why, and at the server only whether it is its fault: %s', async (name, type, atServer) => {
    const { client } = await open()
    const [outer, inner] = await spansOf((to) => to[name](), client)
    expect(outer).toMatchObject({ status: SpanStatusCode.ERROR, attributes: { 'error.type': type } })
    expect(inner).toMatchObject({ status: atServer, attributes: { 'error.type': type } })
  })

  it('that no server took is there too', async () => {
    await using client = connect(traced, { endpoints: ['tcp://127.0.0.1:9'], waitForServerMs: 0 })
    await expect(client.seen()).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(telemetry.spans()).toMatchObject([{ kind: SpanKind.CLIENT, attributes: { 'error.type': 'UNAVAILABLE' } }])
  })

  it('is no error where its caller gave it up: the server says that it was cancelled', async () => {
    const { service, client } = await open()
    const giving = new AbortController()
    const [outer, inner] = await spansOf(async (to) => {
      const call = to.wait(undefined, { signal: giving.signal })
      await expect.poll(() => service.stats.running).toBe(1)
      giving.abort()
      await call
    }, client)
    expect(outer).toMatchObject({ status: SpanStatusCode.ERROR, attributes: { 'error.type': 'ABORTED' } })
    expect(inner).toMatchObject({ status: SpanStatusCode.UNSET, events: ['cancelled'] })
  })

  it('that a consumer left in its middle is no error', async () => {
    const { client } = await open()
    const [outer, inner] = await spansOf(async (to) => {
      for await (const item of to.count(1e9)) if (item === 2) break
    }, client)
    for (const span of [outer, inner])
      expect(span).toMatchObject({ status: SpanStatusCode.UNSET, events: ['cancelled'] })
  })
})

describe.each(['process', 'thread'] as const)('the span in a worker, in a %s', (isolation) => {
  it('is within that of its service, which is within that of the client', async () => {
    const code = { module: new URL('./fixtures/traced-worker.mjs', import.meta.url), export: 'handlers' }
    const { client } = await open(serve(traced, code, { endpoint, workers: 1, isolation }))
    let active: (string | null)[] = []
    const [outer, front] = await spansOf(async (to) => {
      active = await to.active()
    }, client)
    const spans = (await client.spans()) as RecordedSpan[]
    const [inner] = spans.filter(({ name }) => name === 'traced/active')
    expect(front).toMatchObject({ kind: SpanKind.SERVER, parent: outer.id })
    expect(inner).toMatchObject({ kind: SpanKind.INTERNAL, parent: front.id, traceId: outer.traceId })
    expect(active).toEqual([inner!.id, inner!.id])
  })
})
