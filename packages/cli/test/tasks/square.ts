import { task } from '@troupe/actors/farm'
import { z } from 'zod'

/** The types are only for TypeScript: this file runs as it is. */
interface Squared {
  readonly of: number
  readonly is: number
}

export const square = task({
  name: 'square',
  input: z.number(),
  output: z.object({ of: z.number(), is: z.number() }),
  run: (n): Squared => ({ of: n, is: n * n }),
})
