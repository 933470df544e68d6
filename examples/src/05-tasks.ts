/**
 * The task of 05-farm.ts, in a module of its own that the workers import.
 */
import { task } from '@troupe/actors/farm'
import { z } from 'zod'

export const primesBelow = task({
  name: 'primesBelow',
  input: z.number().int().nonnegative(),
  output: z.number().int(),
  run(limit) {
    let primes = 0
    for (let candidate = 2; candidate < limit; candidate++) if (isPrime(candidate)) primes++
    return primes
  },
})

function isPrime(candidate: number): boolean {
  for (let divisor = 2; divisor * divisor <= candidate; divisor++) if (candidate % divisor === 0) return false
  return true
}
