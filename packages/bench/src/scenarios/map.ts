/**
 * Tasks that do nothing, given as one list.
 */
import type { Contender } from '../contender.js'
import { listPools } from '../contenders/all.js'
import { piscina } from '../contenders/piscina.js'
import { piscinaPacked, piscinaPackedUnchecked } from '../contenders/piscina-packed.js'
import { python } from '../contenders/python.js'
import { startWith } from '../contenders/start.js'
import { troupe } from '../contenders/troupe.js'
import { alternate } from '../rounds.js'
import type { Scenario, Target } from '../scenario.js'
import { figure, times } from '../table.js'
import { rates, rateTable } from '../throughput.js'

/** The slow ones take this part of the list: their rate does not depend on its length. */
const SLOW_PART = 1 / 5

export const map: Scenario = async ({ workers, rounds, quick }) => {
  const pools = listPools()
  const count = quick ? 5_000 : 300_000
  const orderFor = ({ slow }: Contender) => ({
    by: 'map' as const,
    count: slow === true ? count * SLOW_PART : count,
  })
  const summaries = rates(
    await alternate(pools, { start: startWith('noop', workers), rounds, warmUp: !quick, orderFor }),
  )
  const ours = summaries.get(troupe.name)!.median
  const beside = (name: string, wanted: number): Target[] => {
    const peer = summaries.get(name)
    if (peer === undefined) return []
    const ratio = ours / peer.median
    return [
      { what: `map beside ${name}`, wanted: `at least ${wanted} x`, measured: times(ratio), met: ratio >= wanted },
    ]
  }
  return {
    title: `No-op tasks, map over ${figure(count)}`,
    text:
      'The inputs are made and the results are looked at within the time measured, by all. ' +
      `${pools
        .filter(({ slow }) => slow)
        .map(({ name }) => name)
        .join(' and ')} take a fifth of the list.` +
      (pools.includes(python) ? '' : ' There is no python3 on this machine: its Pool.map was skipped.'),
    tables: [rateTable(pools, summaries, piscina.name)],
    targets: [
      ...beside(piscina.name, 25),
      ...beside(piscinaPacked.name, 1),
      ...beside(piscinaPackedUnchecked.name, 1),
      ...beside(python.name, 1),
    ],
  }
}
