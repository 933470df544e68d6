/**
 * What Troupe's RPC is to reach beside the others.
 */
import type { Target } from '../scenario.js'
import type { Summary } from '../statistics.js'
import { times } from '../table.js'
import type { RpcContender } from './rpc-contender.js'

type Summaries = ReadonlyMap<string, Summary>

/** At least so many times as much as the peer; none where that was left out. */
export function rateTarget(ours: RpcContender, peer: RpcContender, least: number, summaries: Summaries): Target[] {
  const theirs = summaries.get(peer.name)
  if (theirs === undefined) return []
  const ratio = summaries.get(ours.name)!.median / theirs.median
  return [{ what: `beside ${peer.name}`, wanted: `at least ${least} x`, measured: times(ratio), met: ratio >= least }]
}

/** At most so many times as long as the peer. */
export function timeTarget(ours: RpcContender, peer: RpcContender, most: number, summaries: Summaries): Target {
  const ratio = summaries.get(ours.name)!.median / summaries.get(peer.name)!.median
  return { what: `p50 beside ${peer.name}`, wanted: `at most ${most} x`, measured: times(ratio), met: ratio <= most }
}
