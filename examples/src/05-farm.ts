/**
 * A supervised task farm that loses a worker in the middle of its work, and nothing else.
 *
 * Run: node examples/dist/05-farm.js
 * Expected output:
 *   one task: 25 primes below 100
 *   killed a worker that held tasks
 *   500 results in the order of the input, 1 worker restarted
 */
import { Farm } from '@troupe/actors/farm'
import { primesBelow } from './05-tasks.js'

await using farm = await Farm.start({ tasks: new URL('./05-tasks.js', import.meta.url), workers: 2 })
console.log(`one task: ${await farm.submit(primesBelow, 100)} primes below 100`)

const limits = Array.from({ length: 500 }, (_, index) => 20_000 + index * 10)
const results: number[] = []
let killed = false
for await (const primes of farm.map(primesBelow, limits)) {
  results.push(primes)
  const busy = farm.stats().workers.find(({ held }) => held > 0)
  if (!killed && results.length > 100 && busy?.pid !== undefined) {
    process.kill(busy.pid, 'SIGKILL')
    killed = true
    console.log('killed a worker that held tasks')
  }
}

const ordered = results.every((primes, index) => index === 0 || primes >= results[index - 1]!)
const { restarts } = farm.stats()
console.log(
  `${results.length} results ${ordered ? 'in the order of the input' : 'in disorder'}, ${restarts} worker restarted`,
)
