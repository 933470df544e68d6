/**
 * The process of one contender of the round trip: it asks, and a process of its own answers.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { serveOrders } from '../host.js'
import { median } from '../statistics.js'
import { roundTrips } from './round-trips.js'

const [, , name] = process.argv
const roundTrip = roundTrips.find((one) => one.name === name)
if (roundTrip === undefined) throw new Error(`no round trip "${name}"`)

const server = fork(fileURLToPath(new URL('./round-trip-server.main.js', import.meta.url)), [roundTrip.name])
const [address] = (await once(server, 'message')) as [string]
const ask = roundTrip.connect(address)

serveOrders<{ readonly count: number }>(
  async ({ count }) => {
    const tookUs: number[] = []
    const began = performance.now()
    for (let asked = 0; asked < count; asked++) {
      const from = performance.now()
      if ((await ask()) === undefined) throw new Error('a request had no answer')
      tookUs.push((performance.now() - from) * 1_000)
    }
    return { count, seconds: (performance.now() - began) / 1_000, medianUs: median(tookUs) }
  },
  async () => void server.disconnect(),
)
