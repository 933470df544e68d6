/**
 * The tasks of the workers in Python, as the farm knows them: python/farm_points.py has them. Node runs none of them.
 */
import { task } from '@troupe/actors/farm'
import { Point } from '../point.js'

const inPython = (name: string) =>
  task({
    ...{ name, input: Point, output: Point },
    run() {
      throw new Error('this task is done in Python')
    },
  })

export const noop = inPython('noop')
export const spin = inPython('spin')
