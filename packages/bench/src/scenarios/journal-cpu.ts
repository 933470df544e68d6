/**
 * Tasks of a millisecond, with and without a journal.
 */
import { troupe } from '../contenders/troupe.js'
import { troupeJournal } from '../journal/troupe-journal.js'
import type { Scenario } from '../scenario.js'
import { spunShare } from './spun-share.js'

export const journalCpu: Scenario = (options) => spunShare([troupe, troupeJournal], options, 'with a journal')
