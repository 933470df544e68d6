import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { type CallEvent, connect, contract, implement, procedure, serve } from '@troupe/actors/rpc'
import { describe, expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import { handlers, traced } from './fixtures/traced.mjs'
import { gathered } from './gathered.js'

const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
const STARTS_AND_ENDS = ['client:start', 'client:end', 'server:start', 'server:end'] as const
type Place = (typeof STARTS_AND_ENDS)[number]

/** All that is told of calls until the test is over. What an event says at its place is kept, since it grows. */
function watch(): { readonly at: Place; readonly event: CallEvent; readonly said: CallEvent }[] {
  const heard: { at: Place; event: CallEvent; said: CallEvent }[] = []
  for (const at of STARTS_AND_ENDS) {
    const hear = (message: unknown) => {
      const event = message as CallEvent
      heard.push({ at, event, said: { ...event } })
    }
    subscribe(`troupe:rpc:${at}`, hear)
    onTestFinished(() => void unsubscribe(`troupe:rpc:${at}`, hear))
  }
  return heard
}

async function open(options: object = {}) {
  const service = await serve(traced, handlers, { endpoint: 'tcp://127.0.0.1:!', ...options })
  const client = connect(traced, { endpoints: [service.endpoint], metadata: { user: 'ann' } })
  onTestFinished(async () => {
    await client.close()
    await service.stop()
  })
  return { service, client }
}

describe('the events of a call', () => {
  it('are its start and its end, at its client and at its server, each the same object', async () => {
    const { service, client } = await open()
    const heard = watch()
    await client.seen()
    expect(heard.map(({ at }) => at)).toEqual(['client:start', 'server:start', 'server:end', 'client:end'])
    const [clientStart, serverStart, serverEnd, clientEnd] = heard
    expect(clientStart!.event).toBe(clientEnd!.event)
    expect(serverStart!.event).toBe(serverEnd!.event)
    const call = { service: 'traced', procedure: 'seen', metadata: { user: 'ann' } }
    expect(clientStart!.said).toEqual(call)
    expect(serverStart!.said).toEqual({ ...call, peer: expect.stringMatching(/^[0-9a-f]+$/) })
    expect(clientEnd!.said).toEqual({ ...call, endpoint: service.endpoint, durationMs: expect.any(Number) })
    expect(serverEnd!.said.durationMs).toBeGreaterThanOrEqual(0)
    expect(clientEnd!.said.durationMs).toBeGreaterThan(serverEnd!.said.durationMs!)
  })

  it('say at its end how it failed, and at the server what was refused too', async () => {
    const { client } = await open({ concurrency: 1, maxQueued: 0 })
    const heard = watch()
    const failures = () =>
      heard.filter(({ at }) => at.endsWith('end')).map(({ at, event }) => `${at} ${event.procedure} ${event.failure}`)
    await client.fail().catch(() => undefined)
    await client.declared().catch(() => undefined)
    expect(failures().splice(0)).toEqual([
      ...['server:end fail CALL_FAILED', 'client:end fail CALL_FAILED'],
      ...['server:end declared DECLARED_ERROR', 'client:end declared DECLARED_ERROR'],
    ])
    const waiting = client.wait(undefined, { timeoutMs: 300 }).catch(() => undefined)
    await client.seen(undefined, { retries: 0 }).catch(() => undefined)
    await waiting
    await expect
      .poll(() => failures().slice(4).sort())
      .toEqual([
        ...['client:end seen OVERLOADED', 'client:end wait TIMEOUT'],
        ...['server:end seen OVERLOADED', expect.stringMatching(/^server:end wait (TIMEOUT|cancelled)$/)],
      ])
  })

  it('are there for what its client refuses and for what no server takes', async () => {
    await using client = connect(traced, { endpoints: ['tcp://127.0.0.1:9'], waitForServerMs: 0 })
    const heard = watch()
    await client.seen().catch(() => undefined)
    await client.seen('x' as never).catch(() => undefined)
    expect(heard.map(({ at, event }) => [at, event.failure, event.endpoint])).toEqual([
      ...[
        ['client:start', 'UNAVAILABLE', undefined],
        ['client:end', 'UNAVAILABLE', undefined],
      ],
      ...[
        ['client:start', 'INVALID_INPUT', undefined],
        ['client:end', 'INVALID_INPUT', undefined],
      ],
    ])
  })

  it('say of one that its caller gave up that it was cancelled', async () => {
    const { service, client } = await open()
    const heard = watch()
    const endOf = (side: string) => heard.find(({ at }) => at === `${side}:end`)?.event
    const giving = new AbortController()
    const call = client.wait(undefined, { signal: giving.signal })
    await expect.poll(() => service.stats.running).toBe(1)
    giving.abort()
    await expect(call).rejects.toMatchObject({ code: 'ABORTED' })
    await expect.poll(() => endOf('server')?.failure).toBe('cancelled')
    expect(endOf('client')).toMatchObject({ failure: 'ABORTED' })
  })

  it('end with its stream: at its last item, or when its consumer has enough', async () => {
    const { client } = await open()
    const heard = watch()
    const ends = () => heard.filter(({ at }) => at.endsWith('end')).map(({ at, event }) => `${at} ${event.failure}`)
    expect(await gathered(client.count(3))).toEqual([1, 2, 3])
    expect(ends()).toEqual(['server:end undefined', 'client:end undefined'])
    heard.length = 0
    for await (const item of client.count(1e9)) if (item === 2) break
    await expect.poll(() => ends().sort()).toEqual(['client:end cancelled', 'server:end cancelled'])
  })

  it('are there for one of a service with workers, of which the worker tells in its own process', async () => {
    const code = { module: new URL('./fixtures/traced.mjs', import.meta.url), export: 'handlers' }
    await using service = await serve(traced, code, { endpoint: 'tcp://127.0.0.1:!', workers: 1 })
    await using client = connect(traced, { endpoints: [service.endpoint] })
    const heard = watch()
    await client.seen()
    expect(heard.map(({ at }) => at)).toEqual(['client:start', 'server:start', 'server:end', 'client:end'])
  })
})

describe('the trace that metadata names (W3C Trace Context)', () => {
  it('reaches the handler, and what it calls with its context as parent, through any number of servers', async () => {
    const { service: last } = await open()
    const relay = contract('relay', { procedures: { seen: procedure({ output: z.string().nullable() }) } })
    const relayTo = (make: (context: object) => Promise<string | null>) =>
      serve(relay, implement(relay, { seen: (_, context) => make(context) }), { endpoint: 'tcp://127.0.0.1:!' })
    await using toLast = connect(traced, { endpoints: [last.endpoint] })
    await using second = await relayTo((parent) => toLast.seen(undefined, { parent } as never))
    await using toSecond = connect(relay, { endpoints: [second.endpoint] })
    await using first = await relayTo((parent) => toSecond.seen(undefined, { parent } as never))
    await using client = connect(relay, { endpoints: [first.endpoint] })
    expect(await client.seen(undefined, { metadata: { traceparent: TRACE } })).toBe(TRACE)
    expect(await client.seen()).toBeNull()
  })

  it('brings its tracestate and baggage along, and nothing else', async () => {
    const inner = contract('inner', { procedures: { all: procedure({ output: z.record(z.string(), z.string()) }) } })
    await using last = await serve(
      inner,
      { all: (_, { metadata }) => ({ ...metadata }) },
      { endpoint: 'tcp://127.0.0.1:!' },
    )
    await using toLast = connect(inner, { endpoints: [last.endpoint] })
    const relaying = { all: (_: undefined, parent: object) => toLast.all(undefined, { parent } as never) }
    await using first = await serve(inner, relaying, { endpoint: 'tcp://127.0.0.1:!' })
    await using client = connect(inner, { endpoints: [first.endpoint] })
    const trace = { traceparent: TRACE, tracestate: 'a=1', baggage: 'b=2' }
    expect(await client.all(undefined, { metadata: { ...trace, user: 'ann' } })).toEqual(trace)
  })

  it('is left as it is where no tracer is registered', async () => {
    const { client } = await open()
    expect(await client.seen()).toBeNull()
    expect(await client.seen(undefined, { metadata: { traceparent: TRACE } })).toBe(TRACE)
  })
})
