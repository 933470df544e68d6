/**
 * The options of a journal in a folder.
 */
import { z } from 'zod'

export const LevelJournalOptions = z.strictObject({
  /** The folder. It is made, with those above it, when it does not exist. */
  path: z.string().min(1),
  /** Waits until the disk has what is appended: it outlives a power cut too, and each append takes as long as the disk does. */
  sync: z.boolean().default(false),
  /** Begins a journal where there is none. Without it that is `JOURNAL_UNREADABLE`. */
  create: z.boolean().default(true),
})
export type LevelJournalOptions = z.input<typeof LevelJournalOptions>
