/**
 * A worker process of BullMQ. Lives as long as its channel.
 */
import { Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { IN_FLIGHT } from '../contender.js'
import { Point } from '../point.js'
import { type TaskKind, workOf } from '../work.js'

const [, , path = '', queue = '', task] = process.argv
const run = workOf(task as TaskKind)

const worker = new Worker(queue, async ({ data }) => Point.parse(run(Point.parse(data))), {
  // As BullMQ wants it of a worker.
  connection: new Redis({ path, maxRetriesPerRequest: null }),
  concurrency: IN_FLIGHT,
})
await worker.waitUntilReady()
process.on('disconnect', () => void worker.close().then(() => process.exit()))
process.send?.('ready')
