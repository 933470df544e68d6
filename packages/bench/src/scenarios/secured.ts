/**
 * What encryption costs: farms and services with `security`, beside the same without.
 */
import { troupeRemote } from '../contenders/troupe-remote.js'
import { troupeSecured } from '../contenders/troupe-secured.js'
import { alternate } from '../rounds.js'
import { troupeRpc, troupeRpcSecured } from '../rpc/contenders.js'
import { Pair } from '../rpc/pair.js'
import type { Scenario } from '../scenario.js'
import { figure } from '../table.js'
import { rates, rateTable, rateTarget } from '../throughput.js'
import { listLength, listRates } from './list-rates.js'
import { spunShare } from './spun-share.js'

const LEAST = 0.6
const IN_FLIGHT = 512
const FINER = 3

export const securedRate: Scenario = async (options) => {
  const pools = [troupeRemote, troupeSecured]
  const summaries = await listRates(pools, 1, options)
  return {
    title: `No-op tasks, map over ${figure(listLength(options))}`,
    text: 'The workers are processes of this machine that have joined over tcp on loopback.',
    tables: [rateTable(pools, summaries, troupeRemote.name)],
    targets: rateTarget({ ours: troupeSecured, peer: troupeRemote, least: LEAST, what: 'joined by CURVE' }, summaries),
  }
}

export const securedCpu: Scenario = (options) => spunShare([troupeRemote, troupeSecured], options, 'joined by CURVE')

export const securedCalls: Scenario = async ({ rounds, quick }) => {
  const contenders = [troupeRpc, troupeRpcSecured]
  const finer = quick ? 1 : FINER
  const orderFor = () => ({ act: 'call' as const, callers: IN_FLIGHT, forMs: quick ? 100 : 500 })
  const summaries = rates(await alternate(contenders, { start: Pair.start, rounds, finer, warmUp: !quick, orderFor }))
  return {
    title: `Calls, ${IN_FLIGHT} in flight`,
    text: `${IN_FLIGHT} callers, each of which calls again when it was answered; ${rounds * finer} rounds.`,
    tables: [rateTable(contenders, summaries, troupeRpc.name, 'calls')],
    targets: rateTarget({ ours: troupeRpcSecured, peer: troupeRpc, least: LEAST }, summaries),
  }
}
