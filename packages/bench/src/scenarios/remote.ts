/**
 * Workers that have joined over tcp, beside those that the farm starts: no-op tasks, and tasks of a millisecond.
 */
import { troupe } from '../contenders/troupe.js'
import { troupeRemote } from '../contenders/troupe-remote.js'
import type { Scenario } from '../scenario.js'
import { figure } from '../table.js'
import { rateTable, rateTarget } from '../throughput.js'
import { listLength, listRates } from './list-rates.js'
import { spunShare } from './spun-share.js'

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

export const remoteCpu: Scenario = (options) => spunShare([troupe, troupeRemote], options, 'joined over tcp')
