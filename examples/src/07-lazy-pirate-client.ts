/**
 * The Lazy Pirate of the ZeroMQ guide: a client that outlives a server which stalls, garbles and crashes. A request that
 * gets no valid reply in time is sent again on a new socket.
 *
 * Start the server in another terminal, or put an & behind it:
 * With: node examples/dist/07-lazy-pirate-server.js
 * Run: node examples/dist/07-lazy-pirate-client.js
 * Expected output:
 *   fine: answered at try 1
 *   stall: answered at try 2
 *   garble: answered at try 2
 *   crash: answered at try 2
 *   nobody there: TIMEOUT after 2 tries
 */
import { RequestTimeoutError, ZMQRequest } from '@troupe/request-reply'
import { z } from 'zod'

// What is sent and what is received have one schema here; a reply that does not fit it counts as none.
const Message = z.object({
  kind: z.enum(['fine', 'stall', 'garble', 'crash']),
  client: z.number().optional(),
  tries: z.number().optional(),
})
const client = process.pid

await using request = new ZMQRequest('tcp://127.0.0.1:16507', { schema: Message })
for (const kind of ['fine', 'stall', 'garble', 'crash'] as const) {
  const reply = await request.request({ kind, client }, { timeoutMs: 400, retries: 20 })
  console.log(`${reply.kind}: answered at try ${reply.tries}`)
}

await using lonely = new ZMQRequest('tcp://127.0.0.1:16508', { lingerMs: 0 })
try {
  await lonely.request('is anybody there?', { timeoutMs: 100, retries: 1 })
} catch (error) {
  if (!(error instanceof RequestTimeoutError)) throw error
  console.log(`nobody there: ${error.code} after ${error.tries} tries`)
}
