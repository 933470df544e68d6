/**
 * Tasks that do nothing, given one by one: what a task costs.
 */
import { IN_FLIGHT } from '../contender.js'
import { singleTaskPools } from '../contenders/all.js'
import { piscina } from '../contenders/piscina.js'
import { startWith } from '../contenders/start.js'
import { troupe } from '../contenders/troupe.js'
import { alternate } from '../rounds.js'
import type { Scenario } from '../scenario.js'
import { rates, rateTable, rateTarget } from '../throughput.js'

const WANTED = 10

export const submit: Scenario = async ({ workers, rounds, quick }) => {
  const forMs = quick ? 200 : 1_500
  const orderFor = () => ({ by: 'submit' as const, forMs })
  const summaries = rates(
    await alternate(singleTaskPools, { start: startWith('noop', workers), rounds, warmUp: !quick, orderFor }),
  )
  return {
    title: `No-op tasks, submit, ${IN_FLIGHT} in flight`,
    text: `${IN_FLIGHT} callers, each of which gives its next task when its last one was answered; rounds of ${forMs} ms.`,
    tables: [rateTable(singleTaskPools, summaries, piscina.name)],
    targets: rateTarget({ ours: troupe, peer: piscina, least: WANTED, what: 'submit' }, summaries),
  }
}
