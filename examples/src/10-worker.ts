/**
 * A worker of 10-ventilator.ts: takes tasks from it, and sends their results to the sink, until it is stopped.
 */
import { ZMQPull, ZMQPush } from '@troupe/push-pull'

await using tasks = new ZMQPull('>tcp://127.0.0.1:16701')
await using results = new ZMQPush('tcp://127.0.0.1:16702')

for await (const task of tasks) await results.send(`result ${Number(task) ** 2}`)
