/**
 * The tasks of our farm.
 */
import { type TaskDefinition, task } from '@troupe/actors/farm'
import { Point } from '../point.js'
import { answer, spin as spinOnce, work as workOnce } from '../work.js'

type Run = TaskDefinition<typeof Point, typeof Point>['run']

const pointTask = (name: string, run: Run) => task({ name, input: Point, output: Point, run })

export const noop = pointTask('noop', answer)
export const spin = pointTask('spin', spinOnce)
export const work = pointTask('work', workOnce)

/** For the kill: spins, and gives when it began, in ms since 1970, and which try it was. */
export const witness = pointTask('witness', (input, { attempt }) => {
  const began = performance.timeOrigin + performance.now()
  spinOnce(input)
  return { ...input, x: began, y: attempt }
})
