/**
 * The task of 24-resume.ts, in a module of its own that the workers import.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { task } from '@troupe/actors/farm'
import { z } from 'zod'

export const square = task({
  name: 'square',
  input: z.number(),
  output: z.number(),
  run: (n) => sleep(1, n * n),
})
