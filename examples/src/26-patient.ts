/**
 * The task of 26-ctrl-c.ts, in a module of its own that the workers import.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { task } from '@troupe/actors/farm'
import { z } from 'zod'

export const work = task({
  name: 'work',
  input: z.number(),
  output: z.number(),
  async run(n, { signal }) {
    signal.addEventListener('abort', () => console.log('a task was told to stop'))
    return await sleep(100, n, { signal })
  },
})
