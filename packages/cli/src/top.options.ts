/**
 * The options of `troupe top`, as the command line gives them.
 */
import { z } from 'zod'
import { SecurityShape } from './security.options.js'
import { LONGEST_MS, wholeNumber } from './whole-number.js'

export const TopOptions = z.strictObject({
  /** How often it looks, in ms. */
  every: wholeNumber(50, 3_600_000).default(1_000),
  /** Looks once. */
  once: z.boolean().default(false),
  /** Writes what it sees as NDJSON. */
  json: z.boolean().default(false),
  /** How long the first answer may take, in ms; 0 for ever. */
  timeoutMs: wholeNumber(0, LONGEST_MS).default(5_000),
  ...SecurityShape,
})
export type TopOptions = z.output<typeof TopOptions>
