/**
 * Tasks of a millisecond by map, beside bare processes: how much of the cores is left for the work.
 */
import type { Contender } from '../contender.js'
import { bare } from '../contenders/bare.js'
import { startWith } from '../contenders/start.js'
import { alternate } from '../rounds.js'
import type { ScenarioOptions, Section, Target } from '../scenario.js'
import { spread } from '../statistics.js'
import { percent } from '../table.js'
import { rates } from '../throughput.js'

const TASK_SECONDS = 0.001
const WANTED = 0.9
/** Of the tasks, which those get that are slow: a share does not depend on how many there are. */
const SLOW_PART = 1 / 20

/** The last of the contenders is the one that has a target, if there is one: `what`. */
export async function spunShare(
  contenders: readonly Contender[],
  options: ScenarioOptions,
  what?: string,
): Promise<Section> {
  const { workers, rounds, quick } = options
  const count = quick ? 100 : 10_000
  const pools = [...contenders, bare]
  const orderFor = ({ slow }: Contender) => ({ by: 'map' as const, count: slow ? count * SLOW_PART : count })
  const summaries = rates(
    await alternate(pools, { start: startWith('spin', workers), rounds, warmUp: !quick, orderFor }),
  )
  const ideal = workers / TASK_SECONDS
  const shareOf = (name: string) => summaries.get(name)!.median / ideal
  const slow = contenders.filter((one) => one.slow).map(({ name }) => name)
  return {
    title: 'Tasks of 1 ms, map',
    text:
      `${count} tasks a round; each watches the clock until 1 ms has gone. The ideal is ${ideal} tasks/s. ` +
      'Bare processes, with no messages, are what could be reached.' +
      (slow.length === 0 ? '' : ` A twentieth of them for ${slow.join(' and ')}.`),
    tables: [
      {
        head: ['contender', 'of the ideal', 'spread'],
        rows: pools.map(({ name }) => [name, percent(shareOf(name)), percent(spread(summaries.get(name)!))]),
      },
    ],
    targets: what === undefined ? [] : [target(what, shareOf(contenders.at(-1)!.name))],
  }
}

const target = (what: string, share: number): Target => ({
  what: `1 ms tasks ${what}, of the ideal`,
  ...{ wanted: `at least ${percent(WANTED)}`, measured: percent(share), met: share >= WANTED },
})
