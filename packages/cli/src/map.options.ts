/**
 * The options of `troupe map`, as the command line gives them.
 */
import { z } from 'zod'
import { SecurityShape } from './security.options.js'
import { LONGEST_MS, wholeNumber } from './whole-number.js'

export const MapOptions = z
  .strictObject({
    /** The NDJSON file to read; `-` is stdin. */
    input: z.string().min(1).default('-'),
    /** The NDJSON file to write; `-` is stdout. */
    output: z.string().min(1).default('-'),
    /** The NDJSON file that gets a record for each line that failed. */
    errors: z.string().min(1).optional(),
    /** How many worker processes; undefined for one a core. */
    workers: wholeNumber(1, 1024).optional(),
    /** How many tasks a worker runs at once. */
    concurrency: wholeNumber(1, 100_000).optional(),
    /** Results are written as they come, not in input order. */
    unordered: z.boolean().default(false),
    /** How often a failed try is tried again; undefined for what the task says. */
    retries: wholeNumber(0, 1_000_000).optional(),
    /** How long one try may take, in ms; 0 for no limit, undefined for what the task says. */
    timeoutMs: wholeNumber(0, LONGEST_MS).optional(),
    /** Stragglers at the end run a second time. */
    speculate: z.boolean().default(false),
    /** A folder that keeps what is done, so that a run that was ended can be gone on with. */
    journal: z.string().min(1).optional(),
    /** Goes on with the run of the journal, if it holds one. */
    resume: z.boolean().default(false),
    /** Where it can be looked at while it runs. */
    inspect: z.string().min(1).optional(),
    /** Of where it can be looked at. */
    ...SecurityShape,
    /** Can be looked at beyond loopback without security. */
    insecure: z.boolean().default(false),
    /** No progress and no report. */
    quiet: z.boolean().default(false),
  })
  .refine(({ journal, resume }) => !resume || journal !== undefined, {
    ...{ path: ['resume'], message: 'needs --journal, which says what to go on with' },
  })
  .superRefine(({ inspect, cert, trust, insecure }, context) => {
    if (inspect !== undefined) return
    const message = 'is of where it can be looked at: give --inspect too'
    for (const [option, isGiven] of Object.entries({ cert: cert !== undefined, trust: trust !== undefined, insecure }))
      if (isGiven) context.addIssue({ code: 'custom', path: [option], message })
  })
export type MapOptions = z.output<typeof MapOptions>
