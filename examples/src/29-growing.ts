/**
 * A farm that grows while it runs: one worker of its own begins, others join in the middle of a map, and one of them is killed.
 * Every result comes once.
 *
 * Run: node examples/dist/29-growing.js
 * Expected output:
 *   1 worker begins
 *   3 workers go on, 2 of them from elsewhere
 *   one is killed
 *   9592 primes below 100000, of 99998 results
 */
import { Farm, FarmWorkers } from '@troupe/actors/farm'
import { isPrime } from './27-primes.js'

const tasks = new URL('./27-primes.js', import.meta.url)
await using farm = await Farm.start({ tasks, workers: 1, endpoint: 'tcp://127.0.0.1:*', joinable: true })
console.log('1 worker begins')

function* numbers() {
  for (let number = 2; number < 100_000; number++) yield number
}
let results = 0
let primes = 0
let joining: Promise<FarmWorkers> | undefined
for await (const is of farm.map(isPrime, numbers())) {
  results++
  if (is) primes++
  if (results === 1_000) joining = FarmWorkers.join({ tasks, farm: farm.endpoint!, slots: 2 })
  // A reader that waits holds up the farm.
  if (results === 20_000) {
    const pids = (await joining!).workers.map(({ pid }) => pid)
    while (farm.stats().workers.length < 3) await new Promise((resolve) => setTimeout(resolve, 10))
    console.log(`${farm.stats().workers.length} workers go on, ${pids.length} of them from elsewhere`)
    process.kill(pids[0]!, 'SIGKILL')
    console.log('one is killed')
  }
}
console.log(`${primes} primes below 100000, of ${results} results`)
await (await joining!).stop()
