import {
  connect,
  contract,
  contractFrom,
  describeContract,
  describe as describeServer,
  everyServer,
  health,
  isDeclared,
  procedure,
  serve,
} from '@troupe/actors/rpc'
import { toStandardJsonSchema } from '@valibot/to-json-schema'
import { type } from 'arktype'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { gathered } from './gathered.js'

const Ticker = z.object({ ticker: z.string() })
const pricing = contract('pricing', {
  version: '3',
  procedures: {
    quote: procedure({
      input: Ticker,
      output: z.object({ price: z.number() }),
      errors: { UNKNOWN: Ticker },
      idempotent: true,
      timeoutMs: 700,
    }),
    ticks: procedure({ input: Ticker, stream: { out: z.number() } }),
    upload: procedure({ stream: { in: z.string() }, output: z.number() }),
    nothing: procedure({}),
  },
})
const handlers = {
  quote: (
    { ticker }: { ticker: string },
    { error }: { error: (kind: 'UNKNOWN', data: { ticker: string }) => Error },
  ) => {
    if (ticker !== 'ACME') throw error('UNKNOWN', { ticker })
    return { price: 12.5 }
  },
  async *ticks() {
    yield 1
    yield 2
  },
  async upload(_: undefined, lines: AsyncIterable<string>) {
    return (await gathered(lines)).length
  },
  nothing: () => undefined,
}
const open = () => serve(pricing, handlers as never, { endpoint: 'tcp://127.0.0.1:!' })

/** What a schema is written as, or why it is not. */
function written(input: z.ZodType | v.GenericSchema | { readonly '~standard': unknown }) {
  const { procedures } = describeContract(
    contract('one', { procedures: { call: procedure({ input: input as never }) } }),
  )
  return procedures.call!.unwritten?.input ?? procedures.call!.input
}

describe('the description of a contract', () => {
  it('says what each procedure takes and gives, and how it may be called', () => {
    const { service, version, procedures } = describeContract(pricing)
    expect({ service, version }).toEqual({ service: 'pricing', version: '3' })
    expect(procedures.quote).toMatchObject({
      ...{ in: false, out: false, idempotent: true, timeoutMs: 700, streamIn: null, streamOut: null },
      input: { type: 'object', properties: { ticker: { type: 'string' } }, required: ['ticker'] },
      output: { type: 'object', properties: { price: { type: 'number' } } },
      errors: { UNKNOWN: { type: 'object', required: ['ticker'] } },
    })
    expect(procedures.ticks).toMatchObject({ in: false, out: true, output: null, streamOut: { type: 'number' } })
    expect(procedures.upload).toMatchObject({ in: true, out: false, input: null, streamIn: { type: 'string' } })
    expect(procedures.nothing).toEqual({
      ...{ in: false, out: false, idempotent: false, timeoutMs: null },
      ...{ input: null, output: null, streamIn: null, streamOut: null, errors: {} },
    })
  })

  it('has null for the version of a contract without one', () => {
    expect(describeContract(contract('one', { procedures: {} }))).toEqual({
      service: 'one',
      version: null,
      procedures: {},
    })
  })

  it('says what is on the wire: the input of a transform, not its output', () => {
    expect(written(z.string().transform(Number))).toMatchObject({ type: 'string' })
    expect(written(z.object({ count: z.number().default(1) }))).not.toHaveProperty('required')
    expect(written(toStandardJsonSchema(v.pipe(v.string(), v.transform(Number))))).toMatchObject({ type: 'string' })
    expect(written(type('string').pipe(Number))).toMatchObject({ type: 'string' })
  })

  it('leaves out what a predicate narrows further', () => {
    expect(written(z.string().refine((text) => text !== 'x'))).toMatchObject({ type: 'string' })
    expect(written(type('string').narrow((text) => text !== 'x'))).toMatchObject({ type: 'string' })
  })

  it('is written by arktype itself, and by valibot with its own converter', () => {
    const point = { type: 'object', properties: { x: { type: 'number' } }, required: ['x'] }
    expect(written(z.object({ x: z.number() }))).toMatchObject(point)
    expect(written(type({ x: 'number' }))).toMatchObject(point)
    expect(written(toStandardJsonSchema(v.object({ x: v.number() })))).toMatchObject(point)
  })

  it.each([
    ['a date of zod', z.date(), /date/i],
    ['bytes of zod', z.instanceof(Uint8Array), /custom/i],
    ['a valibot schema without its converter', v.string(), /valibot/],
    ['a date of valibot', toStandardJsonSchema(v.date()), /date/i],
    ['a date of arktype', type('Date'), /date/i],
    ['bytes of arktype', type.instanceOf(Uint8Array), /Uint8Array/],
    [
      'a schema of nobody',
      { '~standard': { version: 1, vendor: 'mine', validate: (value: unknown) => ({ value }) } },
      /mine/,
    ],
  ])('says that it cannot write %s, and why', (_, schema, why) => {
    expect(written(schema)).toMatch(why)
  })

  it('names each part that cannot be written, and writes the rest', () => {
    const procedures = {
      call: procedure({ input: z.date(), output: z.string(), errors: { BAD: z.date() } }),
      both: procedure({ stream: { in: z.date(), out: z.date() } }),
    }
    const described = describeContract(contract('parts', { procedures })).procedures
    expect(Object.keys(described.call!.unwritten!)).toEqual(['input', 'errors.BAD'])
    expect(described.call).toMatchObject({ input: null, output: { type: 'string' }, errors: { BAD: null } })
    expect(Object.keys(described.both!.unwritten!)).toEqual(['streamIn', 'streamOut'])
  })
})

describe('a server', () => {
  it('tells its contract to who has none', async () => {
    await using service = await open()
    expect(await describeServer(service.endpoint)).toEqual(describeContract(pricing))
  })

  it('tells its health', async () => {
    await using service = await open()
    const { instance, uptimeMs, ...rest } = await health(service.endpoint)
    const counts = { running: 0, queued: 0, sessions: 1 }
    const ended = { done: 0, failed: 0, cancelled: 0, overloaded: 0, workers: 0 }
    expect(rest).toEqual({ status: 'serving', service: 'pricing', version: '3', ...counts, ...ended })
    expect(instance).toBe(service.health.instance)
    expect(uptimeMs).toBeGreaterThanOrEqual(0)
  })

  it('is asked any number of times by one client', async () => {
    await using service = await open()
    await using client = connect(everyServer, { endpoints: [service.endpoint] })
    const answers = await Promise.all(Array.from({ length: 20 }, () => client.$health()))
    expect(new Set(answers.map(({ sessions }) => sessions))).toEqual(new Set([1]))
  })

  it('that is not there is UNAVAILABLE, and a signal ends the wait', async () => {
    const endpoint = 'tcp://127.0.0.1:9'
    await expect(health(endpoint, { waitForServerMs: 20 })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    const signal = AbortSignal.abort()
    await expect(describeServer(endpoint, { signal })).rejects.toMatchObject({ code: 'ABORTED' })
  })
})

describe('a contract that is made of a description', () => {
  it('is enough to call each procedure', async () => {
    await using service = await open()
    const made = contractFrom(await describeServer(service.endpoint))
    expect({ name: made.name, version: made.version }).toEqual({ name: 'pricing', version: '3' })
    await using client = connect(made, { endpoints: [service.endpoint] }) as never as Record<string, CallableFunction> &
      AsyncDisposable
    expect(await client.quote!({ ticker: 'ACME' })).toEqual({ price: 12.5 })
    expect(await gathered(client.ticks!({ ticker: 'ACME' }))).toEqual([1, 2])
    expect(await client.upload!(undefined, ['a', 'b'])).toBe(2)
    await expect(client.quote!({ ticker: 5 })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    const error = await client.quote!({ ticker: 'X' }).catch((reason: unknown) => reason)
    expect(isDeclared(made.procedures.quote!, error, 'UNKNOWN' as never)).toBe(true)
    expect(error).toMatchObject({ kind: 'UNKNOWN', data: { ticker: 'X' } })
  })

  it('keeps what the client goes by', () => {
    const { quote, ticks } = contractFrom(describeContract(pricing)).procedures
    expect(quote).toMatchObject({ idempotent: true, timeoutMs: 700 })
    expect(ticks).toMatchObject({ idempotent: false })
  })

  it('takes a description of which only what is needed is there, as another language may write it', () => {
    const { procedures } = contractFrom({ service: 'other', procedures: { call: { in: false, out: true } } })
    expect(procedures.call).toHaveProperty('stream.out')
  })

  it.each([
    ['nothing', undefined],
    ['no procedures', { service: 'one' }],
    ['streams that are not said', { service: 'one', procedures: { call: {} } }],
    ['a name that a client has itself', { service: 'one', procedures: { close: { in: false, out: false } } }],
    ['no name', { service: '', procedures: {} }],
  ])('is refused with INVALID_OPTIONS where there is %s', (_, description) => {
    expect(() => contractFrom(description)).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS' }))
  })
})
