/**
 * A service and its client from one contract: a call, and an error that the contract declares, with its data.
 *
 * Run: node examples/dist/16-quotes.js
 * Expected output:
 *   quote: ACME costs 12.5 EUR
 *   no such ticker: ACMF, did you mean ACME?
 *   not sent: INVALID_INPUT
 */

import { connect, contract, isDeclared, procedure, serve } from '@troupe/actors/rpc'
import { TroupeError } from '@troupe/core'
import { z } from 'zod'

const pricing = contract('pricing', {
  procedures: {
    quote: procedure({
      input: z.object({ ticker: z.string(), currency: z.string().default('EUR') }),
      output: z.object({ price: z.number(), currency: z.string() }),
      errors: { UNKNOWN_TICKER: z.object({ ticker: z.string(), like: z.string().optional() }) },
      idempotent: true,
    }),
  },
})

const prices = new Map([['ACME', 12.5]])

await using service = await serve(
  pricing,
  {
    quote({ ticker, currency }, { error }) {
      const price = prices.get(ticker)
      if (price !== undefined) return { price, currency }
      throw error('UNKNOWN_TICKER', { ticker, like: [...prices.keys()].find((known) => known[0] === ticker[0]) })
    },
  },
  { endpoint: 'tcp://127.0.0.1:!' },
)
await using client = connect(pricing, { endpoints: [service.endpoint] })

// What the schema has a default for may be left out: the server fills it in.
const { price, currency } = await client.quote({ ticker: 'ACME' }, { timeoutMs: 2_000 })
console.log(`quote: ACME costs ${price} ${currency}`)

try {
  await client.quote({ ticker: 'ACMF' })
} catch (error) {
  if (!isDeclared(pricing.procedures.quote, error, 'UNKNOWN_TICKER')) throw error
  console.log(`no such ticker: ${error.data.ticker}, did you mean ${error.data.like}?`)
}

try {
  // The compiler says the same.
  await client.quote({ ticker: 7 } as never)
} catch (error) {
  if (!(error instanceof TroupeError)) throw error
  console.log(`not sent: ${error.code}`)
}
