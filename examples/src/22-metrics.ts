/**
 * A farm that can be seen: a listener is told its stats while it works, and Prometheus scrapes them from /metrics.
 *
 * Run: node examples/dist/22-metrics.js
 * Expected output:
 *   told while it ran: true
 *   scraped: # TYPE troupe_farm_task_run_seconds summary
 *   scraped: troupe_farm_task_run_seconds_count{farm="primes"} 200
 *   scraped: troupe_farm_tasks_total{farm="primes",outcome="done"} 200
 *   told at the end: stopped, 200 done, 0 failed
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Farm } from '@troupe/actors/farm'
import { farmMetrics } from '@troupe/actors/prometheus'
import { Registry } from 'prom-client'
import { primesBelow } from './05-tasks.js'

const register = new Registry()
const server = createServer(async (_request, response) => {
  response.setHeader('content-type', register.contentType)
  response.end(await register.metrics())
}).listen(0, '127.0.0.1')
await once(server, 'listening')

const farm = await Farm.start({ tasks: new URL('./05-tasks.js', import.meta.url), workers: 2 })
farmMetrics(farm, { register, labels: { farm: 'primes' } })

let isTold = false
farm.subscribe(
  ({ state, done, failed, tasksPerSecond, runTime }) => {
    if (state === 'stopped') console.log(`told at the end: ${state}, ${done} done, ${failed} failed`)
    if (state === 'running' && tasksPerSecond > 0 && runTime.p99Ms !== undefined) isTold = true
  },
  { everyMs: 20 },
)

await farm.forEach(primesBelow, Array(200).fill(20_000))
console.log(`told while it ran: ${isTold}`)

const { port } = server.address() as AddressInfo
const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
const shown = /^(# TYPE \S+_run_seconds |\S+_run_seconds_count|\S+_tasks_total\{.*done)/
for (const line of text
  .split('\n')
  .filter((one) => shown.test(one))
  .sort())
  console.log(`scraped: ${line}`)

await farm.stop()
server.close()
