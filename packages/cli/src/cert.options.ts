/**
 * The options of `troupe cert`, as the command line gives them.
 */
import { z } from 'zod'
import { keyValues } from './key-values.js'

export const CertNewOptions = z.strictObject({
  /** Whose it is. */
  name: z.string().min(1).optional(),
  /** How that one is reached. */
  email: z.string().min(1).optional(),
  /** What else it says, as `key=value`. */
  meta: keyValues,
  /** Replaces what is there. */
  force: z.boolean().default(false),
})
export type CertNewOptions = z.output<typeof CertNewOptions>

export const CertShowOptions = z.strictObject({
  /** Writes a line of JSON for each. */
  json: z.boolean().default(false),
})
export type CertShowOptions = z.output<typeof CertShowOptions>
