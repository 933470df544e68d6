/**
 * Streams from a server, to a server and both ways. A source is read only as its consumer takes: a slow one holds no more
 * than a window of items, at both ends and between them, and the source is one further.
 *
 * Run: node examples/dist/17-streams.js
 * Expected output:
 *   out: we took 50 and stopped, and so did the server, which was never more than 9 ahead
 *   in: the mean of the first 1000 is 499.5, and we were never more than 17 ahead
 *   both ways: 1, 3, 6, 10
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, serve } from '@troupe/actors/rpc'
import { counted, handlers, numbers, sent } from './17-numbers.js'

await using service = await serve(numbers, handlers, { endpoint: 'tcp://127.0.0.1:!', window: 16 })
await using client = connect(numbers, { endpoints: [service.endpoint], window: 8 })

const left = new Promise<void>((resolve) => {
  counted.left = resolve
})
// The numbers have no end: to leave the loop cancels the call, and the server's source is told.
for await (const _ of client.count()) {
  counted.taken++
  await sleep(1)
  if (counted.taken === 50) break
}
await left
console.log(`out: we took 50 and stopped, and so did the server, which was never more than ${counted.ahead} ahead`)

const mean = await client.mean(undefined, sent)
console.log(`in: the mean of the first 1000 is ${mean}, and we were never more than ${sent.ahead} ahead`)

const sums: number[] = []
for await (const sum of client.sums(undefined, [1, 2, 3, 4])) sums.push(sum)
console.log(`both ways: ${sums.join(', ')}`)
