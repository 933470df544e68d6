import type { ModuleExport } from '@troupe/actors/actor'
import {
  type CallContext,
  type CallStream,
  type Client,
  connect,
  contract,
  type DeclaredError,
  type DeclaredErrorOf,
  type Handlers,
  type Incoming,
  implement,
  isDeclared,
  type Outgoing,
  procedure,
  serve,
} from '@troupe/actors/rpc'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { z } from 'zod'

/** Text on the wire and at who sends it, a number at who parses it. */
const Count = z.string().transform(Number)
const spec = {
  unary: procedure({ input: Count, output: Count, errors: { LOW: z.object({ by: Count }), BUSY: z.null() } }),
  down: procedure({ input: Count, stream: { out: Count } }),
  up: procedure({ input: Count, output: Count, stream: { in: Count } }),
  both: procedure({ stream: { in: Count, out: Count } }),
  nothing: procedure({}),
  maybe: procedure({ input: z.number().optional() }),
}
const counts = contract('counts', { version: '1', procedures: spec })
type Counts = typeof counts

const handlers: Handlers<Counts> = {
  unary: (count) => String(count),
  async *down(count) {
    yield String(count)
  },
  up: async () => '1',
  both: () => ['1'],
  nothing: () => undefined,
  maybe: async () => undefined,
}
const closed = 'tcp://127.0.0.1:9'
const INVALID = expect.objectContaining({ code: 'INVALID_OPTIONS' })

describe('the types of a client', () => {
  it('are those of its contract: it sends what the schemas take, and has what they give', () => {
    type C = Client<Counts>
    expectTypeOf<C['unary']>().parameter(0).toEqualTypeOf<string>()
    expectTypeOf<C['unary']>().returns.toEqualTypeOf<Promise<number>>()
    expectTypeOf<C['down']>().parameter(0).toEqualTypeOf<string>()
    expectTypeOf<C['down']>().returns.toEqualTypeOf<CallStream<number>>()
    expectTypeOf<C['up']>().parameter(1).toEqualTypeOf<Outgoing<string>>()
    expectTypeOf<C['up']>().returns.toEqualTypeOf<Promise<number>>()
    expectTypeOf<C['both']>().parameter(1).toEqualTypeOf<Outgoing<string>>()
    expectTypeOf<C['both']>().returns.toEqualTypeOf<CallStream<number>>()
    expectTypeOf<C['nothing']>().returns.toEqualTypeOf<Promise<void>>()
    expect(counts.name).toBe('counts')
  })

  it('take no input where there is none, and may where it is optional', async () => {
    await using client = connect(counts, { endpoints: [closed], waitForServerMs: 0 })
    const calls = [
      client.nothing(),
      client.maybe(),
      client.maybe(5, { timeoutMs: 10 }),
      // @ts-expect-error: it takes no input
      client.nothing('x'),
      // @ts-expect-error: it takes an input
      client.unary(),
      // @ts-expect-error: its input is text
      client.unary(5),
      // @ts-expect-error: it has a stream in
      client.up('1', { timeoutMs: 5 }),
    ]
    const codes = (await Promise.allSettled(calls)).map((ended) => (ended as PromiseRejectedResult).reason.code)
    const wrong = 'INVALID_INPUT'
    const none = 'UNAVAILABLE'
    expect(codes).toEqual([none, none, none, wrong, wrong, wrong, 'INVALID_OPTIONS'])
  })

  it('have no procedure that its contract has not', async () => {
    await using client = connect(counts, { endpoints: [closed] })
    // @ts-expect-error: there is none
    expect(client.other).toBeUndefined()
  })
})

describe('the types of handlers', () => {
  it('are those of their contract: they have what the schemas give, and return what they take', () => {
    type H = Handlers<Counts>
    expectTypeOf<H['unary']>().parameters.toEqualTypeOf<[number, CallContext<Counts['procedures']['unary']>]>()
    expectTypeOf<ReturnType<H['unary']>>().toEqualTypeOf<string | PromiseLike<string>>()
    expectTypeOf<ReturnType<H['down']>>().toEqualTypeOf<AsyncIterable<string> | Iterable<string>>()
    expectTypeOf<H['up']>().parameter(1).toEqualTypeOf<Incoming<number>>()
    expectTypeOf<H['both']>().parameter(0).toEqualTypeOf<undefined>()
    expectTypeOf<H['maybe']>().parameter(0).toEqualTypeOf<number | undefined>()
    expect(Object.keys(handlers)).toEqual(Object.keys(counts.procedures))
  })

  it('let none be missing, and none be there for no procedure', () => {
    const { unary, ...others } = handlers
    // @ts-expect-error: one is missing
    expect(() => implement(counts, others)).toThrow(INVALID)
    // @ts-expect-error: there is no such procedure
    expect(() => implement(counts, { ...others, unary, more: () => 1 })).toThrow(INVALID)
  })

  it('let none return what its output is not', () => {
    const made = [
      // @ts-expect-error: its output is text on the wire
      implement(counts, { ...handlers, unary: (count) => count }),
      // @ts-expect-error: its output is text on the wire
      implement(counts, { ...handlers, up: async () => 1 }),
      // @ts-expect-error: its items are text on the wire
      implement(counts, { ...handlers, down: () => [1] }),
      // @ts-expect-error: it gives a stream
      implement(counts, { ...handlers, both: async () => '1' }),
      // @ts-expect-error: it gives nothing
      implement(counts, { ...handlers, nothing: () => 5 }),
    ]
    expect(made).toHaveLength(5)
  })

  it('make the errors that are declared, with their data, and no others', () => {
    const made = implement(counts, {
      ...handlers,
      unary: (count, { error }) => {
        if (count === 0) throw error('LOW', { by: '5' })
        if (count === 1) throw error('BUSY', null)
        // @ts-expect-error: its data is text on the wire
        if (count === 2) throw error('LOW', { by: 5 })
        // @ts-expect-error: it is not declared
        throw error('HIGH', {})
      },
    })
    expect(made.contract).toBe(counts)
  })

  it('let a procedure without errors make none', () => {
    const silent = contract('silent', { procedures: { call: procedure({}) } })
    const made = implement(silent, {
      call: (_, { error }) => {
        // @ts-expect-error: it declares none
        throw error('LOW', {})
      },
    })
    expect(made.contract).toBe(silent)
  })
})

describe('the types of errors', () => {
  type Unary = Counts['procedures']['unary']

  it('are those that the procedure declares, with what their schemas give', () => {
    type Low = DeclaredError<'LOW', { by: number }>
    expectTypeOf<DeclaredErrorOf<Unary>>().toEqualTypeOf<Low | DeclaredError<'BUSY', null>>()
    expectTypeOf<DeclaredErrorOf<Counts['procedures']['nothing']>>().toEqualTypeOf<never>()
    expect(Object.keys(counts.procedures.unary.errors)).toEqual(['LOW', 'BUSY'])
  })

  it('are narrowed by isDeclared, and by kind', () => {
    const told = (error: unknown): unknown => {
      if (isDeclared(counts.procedures.unary, error, 'LOW')) {
        const { by }: { by: number } = error.data
        return by
      }
      if (!isDeclared(counts.procedures.unary, error)) return 'another'
      const kind: 'LOW' | 'BUSY' = error.kind
      return kind
    }
    const declared = (kind: string, data: unknown) => Object.assign(new Error(), { code: 'DECLARED_ERROR', kind, data })
    expect([declared('LOW', { by: 3 }), declared('BUSY', null), new Error()].map(told)).toEqual([3, 'BUSY', 'another'])
    // @ts-expect-error: it is not declared
    expect(isDeclared(counts.procedures.unary, new Error(), 'HIGH')).toBe(false)
  })
})

describe('what does not compile, and is an error too', () => {
  it('is a procedure with the name of what a client has itself', () => {
    // @ts-expect-error: a promise has it
    // biome-ignore lint/suspicious/noThenProperty: what is refused
    expect(() => contract('one', { procedures: { then: procedure({}) } })).toThrow(INVALID)
    // @ts-expect-error: a client has it
    expect(() => contract('one', { procedures: { close: procedure({}) } })).toThrow(INVALID)
    // @ts-expect-error: a client has it
    expect(() => contract('one', { procedures: { fine: procedure({}), state: procedure({}) } })).toThrow(INVALID)
  })

  it('is an output beside a stream out', () => {
    // @ts-expect-error: its items are what it gives
    expect(() => procedure({ output: Count, stream: { out: Count } })).toThrow(INVALID)
  })

  it('is what is no schema', () => {
    // @ts-expect-error: no schema
    expect(() => procedure({ input: { type: 'string' } })).toThrow(INVALID)
  })

  it('is a module that exports the handlers of another contract', () => {
    const other = contract('other', { procedures: { call: procedure({}) } })
    const implementation = implement(other, { call: () => undefined })
    const code: ModuleExport<typeof implementation> = { module: new URL('file:///nowhere.js'), export: 'handlers' }
    const factory: ModuleExport<() => typeof implementation> = code as never
    // @ts-expect-error: of another contract
    const wrong = () => serve(counts, code, { endpoint: closed, workers: 1 })
    // @ts-expect-error: of another contract
    const wrongToo = () => serve(counts, factory, { endpoint: closed, workers: 1 })
    const right = () => serve(other, code, { endpoint: closed, workers: 1 })
    expect([wrong, wrongToo, right]).toHaveLength(3)
  })

  it('is an option of workers with handlers here, and of handlers here with workers', async () => {
    // @ts-expect-error: they run in this process
    await expect(serve(counts, handlers, { endpoint: closed, workers: 2 })).rejects.toMatchObject({
      issues: [{ path: 'workers' }],
    })
    const code = { module: new URL('file:///nowhere.js'), export: 'handlers' }
    // @ts-expect-error: middleware cannot go elsewhere
    await expect(serve(counts, code, { endpoint: closed, middleware: [] })).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
    })
  })
})
