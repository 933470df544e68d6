/**
 * BullMQ: jobs in Redis, added in bulk, taken by workers in processes of their own; a wait for each job's end.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Queue, QueueEvents } from 'bullmq'
import type { Contender } from '../contender.js'
import { Point, pointOf, Tally } from '../point.js'
import { redisMissing, startRedis } from './redis-server.js'

const WORKER = fileURLToPath(new URL('./bullmq.worker.js', import.meta.url))
const QUEUE = 'points'
/** Jobs that go into one command. */
const BULK = 500
/** Bulks of jobs that are added and not done. */
const BULKS_AHEAD = 4

export const bullmq: Contender = {
  name: 'BullMQ on Redis',
  slow: true,
  missing: redisMissing,
  abilities: {
    validates: 'both ends, by its user',
    map: 'bulks of 500, as they come',
    deadWorker: 'its jobs run elsewhere after some time',
  },
  async start({ task, workers }) {
    const redis = await startRedis('everysec')
    const connection = { path: redis.path }
    const queue = new Queue(QUEUE, { connection })
    const events = new QueueEvents(QUEUE, { connection })
    await events.waitUntilReady()
    const children = await Promise.all(Array.from({ length: workers }, () => startWorker(redis.path, task)))
    const answers = new Answers(events)
    let maps = 0
    return {
      map: (count) => mapInBulks(queue, answers, { count, map: maps++ }),
      async stop() {
        await Promise.all(children.map(endWorker))
        await events.close()
        await queue.close()
        redis.remove()
      },
    }
  },
}

/** What became of jobs, by their ids. Jobs are removed when they are done, so nobody can be asked later. */
class Answers {
  readonly #waiting = new Map<string, { resolve(value: unknown): void; reject(error: Error): void }>()

  constructor(events: QueueEvents) {
    events.on('completed', ({ jobId, returnvalue }) => this.#take(jobId)?.resolve(returnvalue))
    events.on('failed', ({ jobId, failedReason }) => this.#take(jobId)?.reject(new Error(failedReason)))
  }

  to(id: string): Promise<unknown> {
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }))
  }

  #take(id: string) {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    return waiting
  }
}

async function mapInBulks(
  queue: Queue,
  answers: Answers,
  { count, map }: { readonly count: number; readonly map: number },
): Promise<Tally> {
  const tally = new Tally()
  let next = 0
  const adder = async () => {
    while (next < count) {
      const first = next
      next = Math.min(count, first + BULK)
      const jobs = Array.from({ length: next - first }, (_, index) => {
        const data = Point.parse(pointOf(first + index))
        return {
          name: 'point',
          data,
          opts: { jobId: `${map}-${data.id}`, removeOnComplete: true, removeOnFail: true },
        }
      })
      const outputs = jobs.map(({ opts }) => answers.to(opts.jobId))
      await queue.addBulk(jobs)
      for (const output of await Promise.all(outputs)) tally.take(Point.parse(output))
    }
  }
  await Promise.all(Array.from({ length: BULKS_AHEAD }, adder))
  return tally
}

async function startWorker(path: string, task: string): Promise<ChildProcess> {
  const child = fork(WORKER, [path, QUEUE, task], { stdio: ['ignore', 2, 2, 'ipc'] })
  await once(child, 'message')
  return child
}

async function endWorker(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit')
  child.disconnect()
  await exited
}
