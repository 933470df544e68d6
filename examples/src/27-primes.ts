/**
 * The task of 27-remote-worker.ts and 29-growing.ts, which the farm and its workers have.
 */
import { task } from '@troupe/actors/farm'
import { z } from 'zod'

export const isPrime = task({
  name: 'is-prime',
  version: '1',
  input: z.int().min(2),
  output: z.boolean(),
  run(number) {
    for (let divisor = 2; divisor * divisor <= number; divisor++) if (number % divisor === 0) return false
    return true
  },
})
