/**
 * Workers that have joined over tcp, beside those that the farm starts: no-op tasks, and tasks of a millisecond.
 */
import { bare } from '../contenders/bare.js'
import { startWith } from '../contenders/start.js'
import { troupe } from '../contenders/troupe.js'
import { troupeRemote } from '../contenders/troupe-remote.js'
import { alternate } from '../rounds.js'
import type { Scenario } from '../scenario.js'
import { spread } from '../statistics.js'
import { figure, percent } from '../table.js'
import { rates, rateTable, rateTarget } from '../throughput.js'
import { listLength, listRates } from './list-rates.js'

const TASK_SECONDS = 0.001
const WANTED = 0.9

export const remoteRate: Scenario = async (options) => {
  const pools = [troupe, troupeRemote]
  const summaries = await listRates(pools, 1, options)
  return {
    title: `No-op tasks, map over ${figure(listLength(options))}`,
    text: 'The workers are processes of this machine. Those that have joined speak tcp over loopback, the others ipc.',
    tables: [rateTable(pools, summaries, troupe.name)],
    targets: rateTarget({ ours: troupeRemote, peer: troupe, least: 0.8, what: 'joined over tcp' }, summaries),
  }
}

export const remoteCpu: Scenario = async ({ workers, rounds, quick }) => {
  const count = quick ? 100 : 10_000
  const pools = [troupe, troupeRemote, bare]
  const orderFor = () => ({ by: 'map' as const, count })
  const summaries = rates(
    await alternate(pools, { start: startWith('spin', workers), rounds, warmUp: !quick, orderFor }),
  )
  const ideal = workers / TASK_SECONDS
  const shareOf = (name: string) => summaries.get(name)!.median / ideal
  const ours = shareOf(troupeRemote.name)
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
        what: '1 ms tasks, joined over tcp, of the ideal',
        wanted: `at least ${percent(WANTED)}`,
        measured: percent(ours),
        met: ours >= WANTED,
      },
    ],
  }
}
