/**
 * A bare process: told once which tasks are its own, does them in a loop.
 */
import { pointOf, Tally } from '../point.js'
import { type TaskKind, workOf } from '../work.js'

const run = workOf(process.argv[2] as TaskKind)

process.on('message', ({ first, step, count }: { first: number; step: number; count: number }) => {
  const tally = new Tally()
  for (let id = first; id < count; id += step) tally.take(run(pointOf(id)))
  process.send?.(tally)
})
process.on('disconnect', () => process.exit())
process.send?.('ready')
