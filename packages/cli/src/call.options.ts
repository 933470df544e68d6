/**
 * The options of `troupe call`, as the command line gives them.
 */
import { z } from 'zod'
import { keyValues } from './key-values.js'
import { SecurityShape } from './security.options.js'
import { LONGEST_MS, wholeNumber } from './whole-number.js'

export const CallOptions = z.strictObject({
  /** How long the call waits for its end, in ms, 0 for ever; undefined for what the contract says. */
  timeoutMs: wholeNumber(0, LONGEST_MS).optional(),
  /** What goes with the call, as `key=value`. */
  metadata: keyValues,
  ...SecurityShape,
})
export type CallOptions = z.output<typeof CallOptions>
