/**
 * A pipeline (30/PIPELINE) of typed messages, validated at both ends.
 *
 * Run: node examples/dist/01-push-pull.js
 * Expected output:
 *   refused: INVALID_MESSAGE
 *   2 x tea
 *   1 x cake
 */
import type { TroupeError } from '@troupe/core'
import { ZMQPull, ZMQPush } from '@troupe/push-pull'
import { z } from 'zod'

const Order = z.object({ item: z.string(), count: z.number().int().positive() })

await using pull = new ZMQPull('tcp://127.0.0.1:!', { schema: Order })
await using push = new ZMQPush(await pull.endpoint(), { schema: Order })

// The types say what an order is; the schema says it to what the types cannot see.
await push.send({ item: 'air', count: 0 }).catch((error: TroupeError) => console.log(`refused: ${error.code}`))
await push.send({ item: 'tea', count: 2 })
await push.send({ item: 'cake', count: 1 })

let open = 2
for await (const { item, count } of pull) {
  console.log(`${count} x ${item}`)
  if (--open === 0) break
}
