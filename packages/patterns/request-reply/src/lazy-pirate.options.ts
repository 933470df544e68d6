/**
 * The options of a reliable request.
 */
import { z } from 'zod'

export const ReliableOptions = z.strictObject({
  /** How long each try waits for its reply, in ms. */
  timeoutMs: z
    .number()
    .int()
    .positive()
    .max(2 ** 31 - 1)
    .default(2_500),
  /** How many more times the request is sent when no valid reply has come. */
  retries: z.number().int().nonnegative().default(3),
  /** Gives the request up, with `ABORTED`. */
  signal: z
    .custom<AbortSignal>(
      (value) => typeof (value as AbortSignal | null)?.addEventListener === 'function',
      'must be an AbortSignal',
    )
    .optional(),
})
export type ReliableOptions = z.input<typeof ReliableOptions>
