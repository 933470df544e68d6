/**
 * Our farm: one process a worker, validated at both ends, supervised.
 */
import { Farm } from '@troupe/actors/farm'
import type { Contender } from '../contender.js'
import { pointsTo, Tally } from '../point.js'
import { noop, spin, work } from './troupe.tasks.js'

export const TASKS = { noop, spin, work }

export const troupe: Contender = {
  name: 'troupe farm',
  abilities: {
    validates: 'both ends',
    map: 'in input order; the farm decides how many are on their way',
    deadWorker: 'is replaced, and its tasks run elsewhere',
  },
  async start({ task, workers }) {
    const farm = await Farm.start({ tasks: new URL('./troupe.tasks.js', import.meta.url), workers })
    const chosen = TASKS[task]
    return {
      submit: (input) => farm.submit(chosen, input),
      async map(count) {
        const tally = new Tally()
        for await (const output of farm.map(chosen, pointsTo(count))) tally.take(output)
        return tally
      },
      stop: () => farm.stop(),
    }
  },
}
