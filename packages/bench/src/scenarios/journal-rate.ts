/**
 * Tasks that do nothing, each of which is in a journal before it counts.
 */
import type { Contender } from '../contender.js'
import { journalPools } from '../contenders/all.js'
import { startWith } from '../contenders/start.js'
import { troupe } from '../contenders/troupe.js'
import { bullmq } from '../journal/bullmq.js'
import { troupeJournal } from '../journal/troupe-journal.js'
import { alternate } from '../rounds.js'
import type { Scenario, Target } from '../scenario.js'
import { figure, times } from '../table.js'
import { rates, rateTable } from '../throughput.js'

const SLOW_PART = 1 / 20

export const journalRate: Scenario = async ({ workers, rounds, quick }) => {
  const pools = journalPools()
  const count = quick ? 5_000 : 300_000
  const orderFor = ({ slow }: Contender) => ({
    by: 'map' as const,
    count: slow === true ? count * SLOW_PART : count,
  })
  const summaries = rates(
    await alternate(pools, { start: startWith('noop', workers), rounds, warmUp: !quick, orderFor }),
  )
  const ours = summaries.get(troupeJournal.name)!.median
  const beside = ({ name }: Contender, wanted: number): Target[] => {
    const peer = summaries.get(name)
    if (peer === undefined) return []
    const ratio = ours / peer.median
    const what = `with a journal, beside ${name}`
    return [{ what, wanted: `at least ${wanted} x`, measured: times(ratio), met: ratio >= wanted }]
  }
  const absent = bullmq.missing?.()
  return {
    title: `No-op tasks, map over ${figure(count)}`,
    text:
      'Each outcome is written before it is given, and each that was given is written as taken. ' +
      (absent === undefined
        ? 'BullMQ takes a twentieth of the list, in bulks of 500; its Redis listens on a Unix socket and writes its log to the disk each second.'
        : `BullMQ was left out: ${absent}.`),
    tables: [rateTable(pools, summaries, troupe.name)],
    targets: [...beside(troupe, 0.5), ...beside(bullmq, 20)],
  }
}
