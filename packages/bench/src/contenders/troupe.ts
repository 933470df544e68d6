/**
 * Our farm: one process a worker, validated at both ends, supervised.
 */
import { Farm } from '@troupe/actors/farm'
import type { Contender } from '../contender.js'
import { type Point, pointsTo, Tally } from '../point.js'
import { noop, spin, work } from './troupe.tasks.js'

export const TASKS = { noop, spin, work }

/** How a farm is given its tasks. */
export const callsOf = (farm: Farm, task: (typeof TASKS)[keyof typeof TASKS]) => ({
  submit: (input: Point) => farm.submit(task, input),
  async map(count: number) {
    const tally = new Tally()
    for await (const output of farm.map(task, pointsTo(count))) tally.take(output)
    return tally
  },
})

export const troupe: Contender = {
  name: 'troupe farm',
  abilities: {
    validates: 'both ends',
    map: 'in input order; the farm decides how many are on their way',
    deadWorker: 'is replaced, and its tasks run elsewhere',
  },
  async start({ task, workers }) {
    const farm = await Farm.start({ tasks: new URL('./troupe.tasks.js', import.meta.url), workers })
    return { ...callsOf(farm, TASKS[task]), stop: () => farm.stop() }
  },
}
