/**
 * A broker: clients ask a ROUTER, workers answer behind a DEALER, and neither knows the other. What passes between them
 * is copied to whoever wants to watch.
 *
 * Run: node examples/dist/11-proxy.js
 * Expected output:
 *   ann hears: 3 bytes
 *   ben hears: 4 bytes
 *   through the broker: 2 requests, 2 replies
 *   4 messages were watched
 */
import { ZMQProxy } from '@troupe/core'
import { ZMQDealer, ZMQRouter } from '@troupe/dealer-router'
import { ZMQPull, ZMQPush } from '@troupe/push-pull'

const FRONTEND = 'tcp://127.0.0.1:16704'
const BACKEND = 'tcp://127.0.0.1:16705'

await using watcher = new ZMQPull('inproc://watch', { codec: 'frames' })
await using broker = new ZMQProxy({
  frontend: new ZMQRouter(FRONTEND),
  backend: new ZMQDealer(`@${BACKEND}`),
  capture: new ZMQPush('inproc://watch'),
})

// Two workers. For them the dealer is the peer; the routing id of the client travels in a frame of its own.
const workers = [1, 2].map(() => new ZMQDealer(BACKEND, { codec: 'frames' }))
const working = workers.map(async (worker) => {
  for await (const [client, question] of worker) await worker.send([client!, `${question!.length} bytes`])
})

for (const [name, question] of [
  ['ann', 'tea'],
  ['ben', 'cake'],
] as const) {
  await using client = new ZMQDealer(FRONTEND, { routingId: name })
  await client.send(question)
  console.log(`${name} hears: ${await client.receive()}`)
}

let watched = 0
for (; watched < 4; watched++) await watcher.receive()
const { toBackend, toFrontend } = broker.stats()
console.log(`through the broker: ${toBackend.messages} requests, ${toFrontend.messages} replies`)
console.log(`${watched} messages were watched`)

await Promise.all(workers.map((worker) => worker.close()))
await Promise.all(working)
