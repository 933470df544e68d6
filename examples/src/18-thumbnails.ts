/**
 * The contract of 18-workers.ts and its handlers, in a module of its own that the workers import.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { contract, implement, procedure } from '@troupe/actors/rpc'
import { z } from 'zod'

export const thumbnails = contract('thumbnails', {
  procedures: {
    make: procedure({ input: z.object({ photo: z.number() }), output: z.string(), idempotent: true }),
  },
})

export const handlers = implement(thumbnails, {
  async make({ photo }) {
    await sleep(5)
    return `thumbnail of ${photo}`
  },
})
