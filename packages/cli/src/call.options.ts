/**
 * The options of `troupe call`, as the command line gives them.
 */
import { z } from 'zod'
import { LONGEST_MS, wholeNumber } from './whole-number.js'

export const CallOptions = z.strictObject({
  /** How long the call waits for its end, in ms, 0 for ever; undefined for what the contract says. */
  timeoutMs: wholeNumber(0, LONGEST_MS).optional(),
  /** What goes with the call, as `key=value`. */
  metadata: z
    .array(z.string().regex(/^[^=]+=/, 'must be as key=value'))
    .default([])
    .transform((pairs) => Object.fromEntries(pairs.map(pairOf))),
})
export type CallOptions = z.output<typeof CallOptions>

function pairOf(text: string): [key: string, value: string] {
  const at = text.indexOf('=')
  return [text.slice(0, at), text.slice(at + 1)]
}
