/**
 * Tasks that do nothing, given as one list.
 */
import type { Contender } from '../contender.js'
import { listPools } from '../contenders/all.js'
import { piscina } from '../contenders/piscina.js'
import { piscinaPacked, piscinaPackedUnchecked } from '../contenders/piscina-packed.js'
import { troupe } from '../contenders/troupe.js'
import { poolMap } from '../python/pool.js'
import type { Scenario } from '../scenario.js'
import { figure } from '../table.js'
import { rateTable, rateTarget } from '../throughput.js'
import { listLength, listRates } from './list-rates.js'

const SLOW_PART = 1 / 5

export const map: Scenario = async (options) => {
  const pools = listPools()
  const summaries = await listRates(pools, SLOW_PART, options)
  const beside = (peer: Contender, least: number) => rateTarget({ ours: troupe, peer, least, what: 'map' }, summaries)
  return {
    title: `No-op tasks, map over ${figure(listLength(options))}`,
    text:
      'The inputs are made and the results are looked at within the time measured, by all. ' +
      `${pools
        .filter(({ slow }) => slow)
        .map(({ name }) => name)
        .join(' and ')} take a fifth of the list.` +
      (pools.includes(poolMap) ? '' : ' There is no python3 on this machine: its Pool.map was skipped.'),
    tables: [rateTable(pools, summaries, piscina.name)],
    targets: [
      ...beside(piscina, 25),
      ...beside(piscinaPacked, 1),
      ...beside(piscinaPackedUnchecked, 1),
      ...beside(poolMap, 1),
    ],
  }
}
