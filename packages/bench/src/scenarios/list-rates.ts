/**
 * Tasks that do nothing, given as one list: how many a second each contender runs.
 */
import type { Contender } from '../contender.js'
import { startWith } from '../contenders/start.js'
import { alternate } from '../rounds.js'
import type { ScenarioOptions } from '../scenario.js'
import type { Summary } from '../statistics.js'
import { rates } from '../throughput.js'

export const listLength = ({ quick }: ScenarioOptions): number => (quick ? 5_000 : 300_000)

/** The slow ones take `slowPart` of the list: their rate does not depend on its length. */
export async function listRates(
  pools: readonly Contender[],
  slowPart: number,
  options: ScenarioOptions,
  count = listLength(options),
): Promise<Map<string, Summary>> {
  const { workers, rounds, quick } = options
  const orderFor = ({ slow }: Contender) => ({ by: 'map' as const, count: slow === true ? count * slowPart : count })
  return rates(await alternate(pools, { start: startWith('noop', workers), rounds, warmUp: !quick, orderFor }))
}
