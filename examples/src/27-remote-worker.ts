/**
 * A farm without workers of its own. They are another program, 27-worker.ts, which could be on another machine: it joins over
 * tcp, works, and leaves.
 *
 * Run: node examples/dist/27-remote-worker.js
 * Expected output:
 *   2 workers have joined, each with the tags arithmetic
 *   there are 9592 primes below 100000
 *   the workers have left
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Farm } from '@troupe/actors/farm'
import { isPrime } from './27-primes.js'

await using farm = await Farm.start({
  tasks: new URL('./27-primes.js', import.meta.url),
  workers: 0,
  endpoint: 'tcp://127.0.0.1:*',
  joinable: true,
})
const program = spawn(process.execPath, [fileURLToPath(new URL('./27-worker.js', import.meta.url)), farm.endpoint!])
while (farm.stats().workerStates.idle < 2) await sleep(10)
const { workers } = farm.stats()
console.log(`${workers.length} workers have joined, each with the tags ${workers[0]!.tags}`)

function* numbers() {
  for (let number = 2; number < 100_000; number++) yield number
}
let primes = 0
for await (const is of farm.mapUnordered(isPrime, numbers(), { tags: ['arithmetic'] })) if (is) primes++
console.log(`there are ${primes} primes below 100000`)

program.kill('SIGINT')
await once(program, 'exit')
while (farm.stats().workers.length > 0) await sleep(10)
console.log('the workers have left')
