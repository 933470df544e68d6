/**
 * What Troupe's RPC is to reach beside the others.
 */
import type { Target } from '../scenario.js'
import type { Summary } from '../statistics.js'
import { times } from '../table.js'
import type { RpcContender } from './rpc-contender.js'

type Summaries = ReadonlyMap<string, Summary>

/** At most so many times as long as the peer. */
export function timeTarget(ours: RpcContender, peer: RpcContender, most: number, summaries: Summaries): Target {
  const ratio = summaries.get(ours.name)!.median / summaries.get(peer.name)!.median
  return { what: `p50 beside ${peer.name}`, wanted: `at most ${most} x`, measured: times(ratio), met: ratio <= most }
}
