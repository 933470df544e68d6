import { setTimeout } from 'node:timers/promises'
import { contract, implement, procedure } from '@troupe/actors/rpc'
import { z } from 'zod'

/** The types are only for TypeScript: this file runs as it is. */
interface Price {
  readonly ticker: string
  readonly price: number
}

const Ticker = z.object({ ticker: z.string() })

export const shop = contract('shop', {
  version: '2',
  procedures: {
    quote: procedure({
      input: Ticker,
      output: z.object({ ticker: z.string(), price: z.number() }),
      errors: { UNKNOWN: z.object({ ticker: z.string() }) },
      idempotent: true,
    }),
    /** As many as are asked for; the last one waits until the caller goes away. */
    ticks: procedure({ input: z.object({ count: z.number() }), stream: { out: z.number() } }),
    total: procedure({ stream: { in: z.number() }, output: z.number() }),
    doubled: procedure({ stream: { in: z.number(), out: z.number() } }),
    /** What JSON does not have. */
    picture: procedure({ output: z.object({ bytes: z.instanceof(Uint8Array), when: z.date() }) }),
    caller: procedure({ output: z.object({ pid: z.number(), user: z.string().optional() }) }),
    nothing: procedure({}),
    /** Waits so long, in ms, and says so on the console. */
    rest: procedure({ input: z.number(), output: z.string() }),
    fail: procedure({}),
  },
})

export const handlers = implement(shop, {
  quote: ({ ticker }, { error }): Price => {
    if (ticker !== 'ACME') throw error('UNKNOWN', { ticker }, `there is no ${ticker}`)
    return { ticker, price: 12.5 }
  },
  async *ticks({ count }, { signal }) {
    for (let tick = 1; tick <= count; tick++) yield tick
    if (count < 0) await setTimeout(60_000, undefined, { signal })
  },
  async total(_, numbers) {
    let sum = 0
    for await (const number of numbers) sum += number
    return sum
  },
  async *doubled(_, numbers) {
    for await (const number of numbers) yield 2 * number
  },
  picture: () => ({ bytes: new Uint8Array([1, 2, 255]), when: new Date(0) }),
  caller: (_, { metadata }) => ({ pid: process.pid, user: metadata.user }),
  nothing: () => undefined,
  rest: async (ms, { signal }) => {
    console.log('rests')
    await setTimeout(ms, undefined, { signal })
    return 'rested'
  },
  fail: () => {
    throw new Error('out of order')
  },
})
