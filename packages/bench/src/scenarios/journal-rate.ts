/**
 * Tasks that do nothing, each of which is in a journal before it counts.
 */
import type { Contender } from '../contender.js'
import { journalPools } from '../contenders/all.js'
import { troupe } from '../contenders/troupe.js'
import { bullmq } from '../journal/bullmq.js'
import { troupeJournal } from '../journal/troupe-journal.js'
import type { Scenario } from '../scenario.js'
import { figure } from '../table.js'
import { rateTable, rateTarget } from '../throughput.js'
import { listLength, listRates } from './list-rates.js'

const SLOW_PART = 1 / 20

export const journalRate: Scenario = async (options) => {
  const pools = journalPools()
  const summaries = await listRates(pools, SLOW_PART, options)
  const beside = (peer: Contender, least: number) =>
    rateTarget({ ours: troupeJournal, peer, least, what: 'with a journal,' }, summaries)
  const absent = bullmq.missing?.()
  return {
    title: `No-op tasks, map over ${figure(listLength(options))}`,
    text:
      'Each outcome is written before it is given, and each that was given is written as taken. ' +
      (absent === undefined
        ? 'BullMQ takes a twentieth of the list, in bulks of 500; its Redis listens on a Unix socket and writes its log to the disk each second.'
        : `BullMQ was left out: ${absent}.`),
    tables: [rateTable(pools, summaries, troupe.name)],
    targets: [...beside(troupe, 0.5), ...beside(bullmq, 20)],
  }
}
