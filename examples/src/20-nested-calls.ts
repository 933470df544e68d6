/**
 * A service whose handler calls another service. With `parent` the inner call waits no longer than the outer one, ends with it,
 * and is of the same trace.
 *
 * Run: node examples/dist/20-nested-calls.js
 * Expected output:
 *   stock: asked to take 10 s, it has no more than the 300 ms of the outer call: true
 *   stock: the same trace: true
 *   client: TIMEOUT
 *   stock: aborted
 */
import { once } from 'node:events'
import { connect, contract, procedure, serve } from '@troupe/actors/rpc'
import { TroupeError } from '@troupe/core'
import { z } from 'zod'

const endpoint = 'tcp://127.0.0.1:!'
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
const stock = contract('stock', { procedures: { reserve: procedure({ input: z.string() }) } })
const shop = contract('shop', { procedures: { order: procedure({ input: z.string() }) } })

let aborted: Promise<unknown> | undefined
await using stockService = await serve(
  stock,
  {
    async reserve(_item, { leftMs, metadata, signal }) {
      console.log(`stock: asked to take 10 s, it has no more than the 300 ms of the outer call: ${leftMs <= 300}`)
      console.log(`stock: the same trace: ${metadata.traceparent === traceparent}`)
      // What takes far too long is told when nobody waits for it any more.
      aborted = once(signal, 'abort')
      await aborted
    },
  },
  { endpoint },
)
await using stockClient = connect(stock, { endpoints: [stockService.endpoint] })

await using shopService = await serve(
  shop,
  { order: (item, context) => stockClient.reserve(item, { parent: context, timeoutMs: 10_000 }) },
  { endpoint },
)
await using shopClient = connect(shop, { endpoints: [shopService.endpoint], metadata: { traceparent } })

try {
  await shopClient.order('a chair', { timeoutMs: 300 })
} catch (error) {
  if (!(error instanceof TroupeError)) throw error
  console.log(`client: ${error.code}`)
}
await aborted
console.log('stock: aborted')
