/**
 * Tasks of a millisecond, with and without a journal: how much of the cores is left for the work.
 */
import { bare } from '../contenders/bare.js'
import { startWith } from '../contenders/start.js'
import { troupe } from '../contenders/troupe.js'
import { troupeJournal } from '../journal/troupe-journal.js'
import { alternate } from '../rounds.js'
import type { Scenario } from '../scenario.js'
import { spread } from '../statistics.js'
import { percent } from '../table.js'
import { rates } from '../throughput.js'

const TASK_SECONDS = 0.001
const WANTED = 0.9

export const journalCpu: Scenario = async ({ workers, rounds, quick }) => {
  const count = quick ? 100 : 10_000
  const pools = [troupe, troupeJournal, bare]
  const orderFor = () => ({ by: 'map' as const, count })
  const summaries = rates(
    await alternate(pools, { start: startWith('spin', workers), rounds, warmUp: !quick, orderFor }),
  )
  const ideal = workers / TASK_SECONDS
  const shareOf = (name: string) => summaries.get(name)!.median / ideal
  const ours = shareOf(troupeJournal.name)
  return {
    title: 'Tasks of 1 ms, map',
    text:
      `${count} tasks a round; each watches the clock until 1 ms has gone. The ideal is ${ideal} tasks/s. ` +
      'Bare processes, with no messages, are what could be reached.',
    tables: [
      {
        head: ['contender', 'of the ideal', 'spread'],
        rows: pools.map(({ name }) => [name, percent(shareOf(name)), percent(spread(summaries.get(name)!))]),
      },
    ],
    targets: [
      {
        what: '1 ms tasks with a journal, of the ideal',
        wanted: `at least ${percent(WANTED)}`,
        measured: percent(ours),
        met: ours >= WANTED,
      },
    ],
  }
}
