/**
 * A supervision tree, with OTP's words: a child that crashes is started again, as new.
 *
 * Run: node examples/dist/04-supervisor.js
 * Expected output:
 *   start 0: 10 / 5 = 2
 *   it ended: actor divide failed: division by zero
 *   start 1: 10 / 4 = 2.5
 */
import { Actor, type Pipe } from '@troupe/actors/actor'
import { Supervisor } from '@troupe/actors/supervisor'

async function divide(pipe: Pipe): Promise<void> {
  for await (const divisor of pipe) {
    if (divisor === 0) throw new RangeError('division by zero')
    await pipe.send(10 / Number(divisor))
  }
}

const started: Actor[] = []
await using tree = await Supervisor.start({
  strategy: 'one_for_one',
  intensity: 3,
  periodMs: 5_000,
  children: [
    {
      id: 'divide',
      restart: 'permanent',
      async start() {
        const actor = await Actor.start(divide)
        started.push(actor)
        return actor
      },
    },
  ],
})

const healed = new Promise<void>((resolve) => {
  tree.subscribe((notice) => notice.type === 'started' && resolve())
})
const first = started[0]!
await first.send(5)
console.log(`start 0: 10 / 5 = ${await first.receive()}`)

await first.send(0)
const exit = await first.exit
console.log(`it ended: ${exit.reason === 'failed' ? exit.error.message : exit.reason}`)

await healed
const second = started[1]!
await second.send(4)
console.log(`start 1: 10 / 4 = ${await second.receive()}`)
