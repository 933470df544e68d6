/**
 * One call at a time: how long an answer takes.
 */
import { alternate } from '../rounds.js'
import { absentRpc, grpc, presentRpc, rawSingle, troupeRpc } from '../rpc/contenders.js'
import { Pair } from '../rpc/pair.js'
import { timeTarget } from '../rpc/targets.js'
import type { Scenario } from '../scenario.js'
import { summarize } from '../statistics.js'
import { figure } from '../table.js'
import { timeTable } from '../time-table.js'

/** One call at a time is at the mercy of whatever else the machine does. */
const FINER = 5

export const rpcLone: Scenario = async ({ rounds, quick }) => {
  const count = quick ? 50 : 600
  const finer = quick ? 1 : FINER
  const contenders = presentRpc()
  const orderFor = () => ({ act: 'lone' as const, count })
  const results = await alternate(contenders, { start: Pair.start, rounds, finer, warmUp: !quick, orderFor })
  const summariesOf = (of: 'medianUs' | 'p99Us') =>
    new Map([...results].map(([name, all]) => [name, summarize(all.map((round) => round[of] ?? 0))]))
  const medians = summariesOf('medianUs')
  return {
    title: 'Calls, one in flight',
    text: `${rounds * finer} rounds of ${figure(count)}; the median and the 99th percentile of each round.${absentRpc()}`,
    tables: [timeTable(contenders, medians, 'us, p50'), timeTable(contenders, summariesOf('p99Us'), 'us, p99')],
    targets: [timeTarget(troupeRpc, rawSingle, 1.15, medians), timeTarget(troupeRpc, grpc, 1, medians)],
  }
}
