/**
 * The options of `troupe worker`, as the command line gives them.
 */
import { z } from 'zod'
import { SecurityShape } from './security.options.js'
import { LONGEST_MS, wholeNumber } from './whole-number.js'

export const WorkerOptions = z.strictObject({
  /** Where the farm listens. */
  join: z.string().min(1),
  /** How many workers; undefined for one a core. */
  slots: wholeNumber(1, 10_000).exactOptional(),
  /** What they have that tasks may ask for. */
  tags: z.array(z.string().min(1)).exactOptional(),
  /** Where each listens for its farm; undefined for a free port of the way to the farm. */
  inbox: z.string().min(1).exactOptional(),
  /** Under which host, and port, the farm reaches it. */
  advertise: z.string().min(1).exactOptional(),
  /** How long the farm may take to welcome them, in ms. */
  joinTimeoutMs: wholeNumber(0, LONGEST_MS).exactOptional(),
  ...SecurityShape,
  /** Listens beyond loopback without security. */
  insecure: z.boolean().default(false),
})
export type WorkerOptions = z.output<typeof WorkerOptions>
