/**
 * The ventilator of a task farm made of sockets alone (30/PIPELINE): it hands tasks to whatever workers are there, whose
 * results go to a sink. Start any number of workers.
 *
 * Run: node examples/dist/10-ventilator.js
 * With: node examples/dist/10-worker.js
 * With: node examples/dist/10-worker.js
 * With: node examples/dist/10-sink.js
 * Expected output:
 *   100 tasks sent
 *   the sink has all their results: 328350
 */
import { ZMQPull, ZMQPush } from '@troupe/push-pull'

const TASKS = 100

await using tasks = new ZMQPush('@tcp://127.0.0.1:16701')
await using sink = new ZMQPush('tcp://127.0.0.1:16702')
await using done = new ZMQPull('tcp://127.0.0.1:16703')

// The sink must know how many results to wait for. Each send waits until there is a worker that has room.
await sink.send(`begin ${TASKS}`)
for (let number = 0; number < TASKS; number++) await tasks.send(String(number))
console.log(`${TASKS} tasks sent`)

console.log(`the sink has all their results: ${await done.receive()}`)
