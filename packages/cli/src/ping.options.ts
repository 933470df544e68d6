/**
 * The options of `troupe ping`, as the command line gives them.
 */
import { z } from 'zod'
import { SecurityShape } from './security.options.js'
import { LONGEST_MS, wholeNumber } from './whole-number.js'

export const PingOptions = z.strictObject({
  /** How many times the server is asked, one after the other. */
  count: wholeNumber(1, 1_000_000_000).default(1),
  /** How long it rests between, in ms. */
  intervalMs: wholeNumber(0, LONGEST_MS).default(1_000),
  /** How long an answer may take, in ms; 0 for ever. */
  timeoutMs: wholeNumber(0, LONGEST_MS).default(5_000),
  ...SecurityShape,
})
export type PingOptions = z.output<typeof PingOptions>
