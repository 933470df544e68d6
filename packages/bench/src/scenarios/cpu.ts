/**
 * Tasks of a millisecond: how much of the cores is left for the work.
 */
import type { Contender } from '../contender.js'
import { cpuPools } from '../contenders/all.js'
import { bare } from '../contenders/bare.js'
import { startWith } from '../contenders/start.js'
import { troupe } from '../contenders/troupe.js'
import type { Order } from '../host.js'
import { alternate } from '../rounds.js'
import type { Scenario } from '../scenario.js'
import { type Summary, spread } from '../statistics.js'
import { percent, type Table } from '../table.js'
import { rates } from '../throughput.js'

const TASK_SECONDS = 0.001
const WANTED = 0.93

export const cpu: Scenario = async ({ workers, rounds, quick }) => {
  const count = quick ? 100 : 5_000
  const orderFor = (contender: Contender): Order => ({ by: contender === bare ? 'map' : 'submit', count })
  const spun = rates(await alternate(cpuPools, { start: startWith('spin', workers), rounds, warmUp: !quick, orderFor }))
  const worked = rates(
    await alternate(cpuPools, { start: startWith('work', workers), rounds, warmUp: !quick, orderFor }),
  )
  const ideal = workers / TASK_SECONDS
  const ours = spun.get(troupe.name)!.median / ideal
  const ofBare = worked.get(troupe.name)!.median / worked.get(bare.name)!.median
  return {
    title: 'CPU tasks of 1 ms, submit, 256 in flight',
    text:
      `${count} tasks a round. Spun: each task watches the clock until 1 ms has gone; the ideal is ${ideal} tasks/s. ` +
      'A task that waits for a core sees its time go all the same, so this hides what the host takes from its workers. ' +
      'Worked: each task does the same number of steps, about 1 ms; this hides nothing, and what could be reached is ' +
      'what bare processes do in the same rounds.',
    tables: [shareTable(spun, ideal, worked)],
    targets: [
      { what: '1 ms tasks, spun, of the ideal', wanted: 'at least 93 %', measured: percent(ours), met: ours >= WANTED },
      {
        what: '1 ms tasks, worked, of bare processes',
        wanted: 'at least 93/97',
        measured: percent(ofBare),
        met: ofBare >= WANTED / 0.97,
      },
    ],
  }
}

function shareTable(spun: ReadonlyMap<string, Summary>, ideal: number, worked: ReadonlyMap<string, Summary>): Table {
  const most = worked.get(bare.name)!.median
  const rows = cpuPools.map(({ name }) => {
    const [bySpin, byWork] = [spun.get(name)!, worked.get(name)!]
    return [
      name,
      percent(bySpin.median / ideal),
      percent(spread(bySpin)),
      percent(byWork.median / most),
      percent(spread(byWork)),
    ]
  })
  return { head: ['contender', 'spun, of the ideal', 'spread', 'worked, of bare processes', 'spread'], rows }
}
