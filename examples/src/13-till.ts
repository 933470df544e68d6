/**
 * The actor of 13-tree.ts that has a process of its own.
 */
import { handler } from '@troupe/actors/code'
import { z } from 'zod'

/** Counts money, and answers with what it has. */
export const till = handler({
  message: z.object({ add: z.number().int() }),
  init: () => ({ cents: 0 }),
  receive: ({ add }, context) => (context.state.cents += add),
})
