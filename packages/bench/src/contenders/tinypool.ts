/**
 * tinypool: threads, one message a task.
 */
import { fileURLToPath } from 'node:url'
import { Tinypool } from 'tinypool'
import type { Contender } from '../contender.js'
import { inFlight } from '../in-flight.js'
import { Point } from '../point.js'

export const tinypool: Contender = {
  name: 'tinypool',
  slow: true,
  abilities: {
    validates: 'both ends, by its user',
    map: '256 in flight, as they come',
    deadWorker: 'the caller of its task waits for ever; kill -9 takes all threads and the program',
  },
  async start({ task, workers }) {
    const filename = fileURLToPath(new URL('./thread-worker.js', import.meta.url))
    const pool = new Tinypool({
      ...{ filename, name: 'checked', workerData: task },
      ...{ minThreads: workers, maxThreads: workers },
    })
    const submit = async (input: Point) => Point.parse(await pool.run(Point.parse(input)))
    return { submit, map: (count) => inFlight(submit, { count }), stop: () => pool.destroy() }
  },
}
