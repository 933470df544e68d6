/**
 * The worker process of the hand-written pool. Lives as long as its channel.
 */
import { Point } from '../point.js'
import { type TaskKind, workOf } from '../work.js'
import type { Batch } from './child-pool.js'

const run = workOf(process.argv[2] as TaskKind)

process.on('message', ({ tickets, values }: Batch) => {
  process.send?.({ tickets, values: values.map((value) => Point.parse(run(Point.parse(value)))) })
})
process.on('disconnect', () => process.exit())
process.send?.('ready')
