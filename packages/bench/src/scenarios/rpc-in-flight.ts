/**
 * Many calls at a time: what a call costs, and what both ends hold meanwhile.
 */
import { hasProc } from '../process-tree.js'
import { alternate } from '../rounds.js'
import { absentRpc, grpc, moleculer, nats, presentRpc, rawPacked, troupeRpc } from '../rpc/contenders.js'
import { Pair } from '../rpc/pair.js'
import type { RpcContender } from '../rpc/rpc-contender.js'
import type { Scenario, Target } from '../scenario.js'
import { figure, type Table } from '../table.js'
import { rates, rateTable, rateTarget } from '../throughput.js'

const IN_FLIGHT = 512
const FINER = 3

export const rpcInFlight: Scenario = async ({ rounds, quick }) => {
  const forMs = quick ? 100 : 500
  const finer = quick ? 1 : FINER
  const contenders = presentRpc()
  const pairs = new Map<string, Pair>()
  const start = async (one: RpcContender) => {
    const pair = await Pair.start(one)
    pairs.set(one.name, pair)
    return pair
  }
  const orderFor = () => ({ act: 'call' as const, callers: IN_FLIGHT, forMs })
  const summaries = rates(await alternate(contenders, { start, rounds, finer, warmUp: !quick, orderFor }))
  return {
    title: `Calls, ${IN_FLIGHT} in flight`,
    text:
      `${IN_FLIGHT} callers, each of which calls again when it was answered; ${rounds * finer} rounds of ${forMs} ms. The peak of the memory is that of ` +
      `each process over all rounds${hasProc ? '' : ' (read from /proc, which only Linux has: left out here)'}; the server's includes ` +
      `nats-server.${absentRpc()}`,
    tables: [
      rateTable(contenders, summaries, grpc.name, 'calls'),
      ...(hasProc ? [memoryTable(contenders, pairs)] : []),
    ],
    targets: [
      ...[
        { peer: grpc, least: 30 },
        { peer: nats, least: 6 },
        { peer: moleculer, least: 5 },
        { peer: rawPacked, least: 0.7 },
      ].flatMap(({ peer, least }) => rateTarget({ ours: troupeRpc, peer, least }, summaries)),
      ...(hasProc ? [memoryTarget(pairs)] : []),
    ],
  }
}

function memoryTarget(pairs: ReadonlyMap<string, Pair>): Target {
  const sum = ({ name }: RpcContender) => {
    const { client, server } = pairs.get(name)!.peaks
    return client + server
  }
  const [ours, theirs] = [sum(troupeRpc), sum(grpc)]
  return {
    what: `peak RSS of both ends, beside ${grpc.name}`,
    wanted: `below ${figure(theirs)} MiB`,
    measured: `${figure(ours)} MiB`,
    met: ours < theirs,
  }
}

function memoryTable(contenders: readonly RpcContender[], pairs: ReadonlyMap<string, Pair>): Table {
  const rows = contenders.map(({ name }) => {
    const { client, server } = pairs.get(name)!.peaks
    return [name, figure(client), figure(server)]
  })
  return { head: ['contender, MiB', 'peak RSS, client', 'peak RSS, server'], rows }
}
