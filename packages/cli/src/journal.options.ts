/**
 * The options of `troupe journal show`, as the command line gives them.
 */
import { z } from 'zod'

export const JournalShowOptions = z.strictObject({
  /** Writes one line of JSON. */
  json: z.boolean().default(false),
})
export type JournalShowOptions = z.output<typeof JournalShowOptions>
