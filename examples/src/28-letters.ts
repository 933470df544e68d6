/**
 * The task of 28-python-worker.ts as the farm knows it. It runs in Python alone.
 */
import { task } from '@troupe/actors/farm'
import { z } from 'zod'

export const letters = task({
  name: 'letters',
  input: z.string(),
  output: z.record(z.string(), z.number()),
  run(): never {
    throw new Error('this task runs in Python: see 28-python-worker.py')
  },
})
