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
  notes: ['map: 256 in flight, results as they come', 'a dead worker: its task is rejected'],
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
