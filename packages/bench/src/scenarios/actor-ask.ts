/**
 * One question after another: how long an answer takes.
 */
import { startActors } from '../actors/actor-host.js'
import { actorsIn, bareNode } from '../actors/contenders.js'
import type { Where } from '../actors/world.js'
import { alternate } from '../rounds.js'
import type { Scenario } from '../scenario.js'
import { summarize } from '../statistics.js'
import { figure } from '../table.js'
import { timeTable } from '../time-table.js'

export const actorAsk: Scenario = async ({ rounds, quick }) => {
  const count = quick ? 50 : 3_000
  const orderFor = () => ({ act: 'ask' as const, count })
  const tableOf = async (where: Where) => {
    const contenders = actorsIn(where).filter((one) => one !== bareNode)
    const results = await alternate(contenders, { start: startActors, rounds, warmUp: !quick, orderFor })
    const summaries = [...results].map(([name, all]) => [name, summarize(all.map((one) => one.medianUs ?? 0))] as const)
    return timeTable(contenders, new Map(summaries), 'us, median')
  }
  return {
    title: 'A question to an actor and its answer',
    text: `One at a time, ${figure(count)} a round; the median of each round. Ours: ask; nact: query; comedy: sendAndReceive; bare: the channel of the fork, or postMessage.`,
    tables: [await tableOf('inline'), await tableOf('thread'), await tableOf('process')],
    targets: [],
  }
}
