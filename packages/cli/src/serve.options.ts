/**
 * The options of `troupe serve`, as the command line gives them.
 */
import { z } from 'zod'
import { SecurityShape } from './security.options.js'
import { LONGEST_MS, wholeNumber } from './whole-number.js'

export const ServeOptions = z
  .strictObject({
    /** The export that is served; undefined for the only one. */
    export: z.string().min(1).exactOptional(),
    /** Where it listens; several with commas. */
    endpoint: z.string().min(1).default('tcp://127.0.0.1:!'),
    /** How many workers; undefined for none: then it serves in this process. */
    workers: wholeNumber(1, 1_000).exactOptional(),
    /** Where the workers run. */
    isolation: z.enum(['process', 'thread']).exactOptional(),
    /** How many calls run at once: with workers, in each. */
    concurrency: wholeNumber(1, 1_000_000).exactOptional(),
    /** How many calls may wait to run. */
    maxQueued: wholeNumber(0, 1_000_000).exactOptional(),
    /** How long a stop waits for the calls that run, in ms. */
    drainMs: wholeNumber(0, LONGEST_MS).exactOptional(),
    ...SecurityShape,
    /** Listens beyond loopback without security. */
    insecure: z.boolean().default(false),
  })
  .refine(({ isolation, workers }) => isolation === undefined || workers !== undefined, {
    path: ['isolation'],
    message: 'is of workers: give --workers too',
  })
export type ServeOptions = z.output<typeof ServeOptions>
