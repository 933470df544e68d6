/**
 * piscina: threads, one message a task.
 */
import { fileURLToPath } from 'node:url'
import { Piscina } from 'piscina'
import type { Contender } from '../contender.js'
import { inFlight } from '../in-flight.js'
import { Point } from '../point.js'

export const piscina: Contender = {
  name: 'piscina',
  slow: true,
  abilities: {
    validates: 'both ends, by its user',
    map: '256 in flight, as they come',
    deadWorker: 'its task is rejected; kill -9 takes all threads and the program',
  },
  async start({ task, workers }) {
    const filename = fileURLToPath(new URL('./thread-worker.js', import.meta.url))
    const pool = new Piscina({
      ...{ filename, name: 'checked', workerData: task },
      ...{ minThreads: workers, maxThreads: workers, maxQueue: Number.POSITIVE_INFINITY },
    })
    const submit = async (input: Point) => Point.parse(await pool.run(Point.parse(input)))
    return { submit, map: (count) => inFlight(submit, { count }), stop: () => pool.destroy() }
  },
}
