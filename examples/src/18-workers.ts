/**
 * A service whose handlers run in three supervised processes. One is killed with SIGKILL while it holds calls: those are made
 * again elsewhere, as the contract says that they may be, and another process takes its place.
 *
 * Run: node examples/dist/18-workers.js
 * Expected output:
 *   killed a worker that held calls
 *   2000 calls, 2000 right answers
 *   3 workers, 1 restarted
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, serve } from '@troupe/actors/rpc'
import { thumbnails } from './18-thumbnails.js'

const code = { module: new URL('./18-thumbnails.js', import.meta.url), export: 'handlers' }
await using service = await serve(thumbnails, code, { endpoint: 'tcp://127.0.0.1:!', workers: 3 })
await using client = connect(thumbnails, { endpoints: [service.endpoint] })

let made = 0
let right = 0
async function caller(): Promise<void> {
  while (made < 2_000) {
    const photo = made++
    if ((await client.make({ photo })) === `thumbnail of ${photo}`) right++
  }
}
const callers = Array.from({ length: 60 }, caller)

while (right < 500) await sleep(1)
const busy = service.stats.workers.find(({ held }) => held > 0)!
process.kill(busy.pid!, 'SIGKILL')
console.log('killed a worker that held calls')

await Promise.all(callers)
console.log(`${made} calls, ${right} right answers`)

while (service.stats.workers.length < 3) await sleep(10)
console.log(`${service.stats.workers.length} workers, ${service.stats.restarts} restarted`)
