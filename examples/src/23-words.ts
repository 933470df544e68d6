/**
 * The task of 23-text-pipeline.ts, in a module of its own that the workers import.
 */
import { task } from '@troupe/actors/farm'
import { z } from 'zod'

export const countWords = task({
  name: 'countWords',
  input: z.string(),
  output: z.object({ bytes: z.number(), counts: z.record(z.string(), z.number()) }),
  run(text) {
    const counts: Record<string, number> = {}
    for (const word of text.match(/\p{L}+/gu) ?? []) counts[word] = (counts[word] ?? 0) + 1
    return { bytes: Buffer.byteLength(text), counts }
  },
})
