/**
 * One stream of a server: what a message of it costs.
 */
import { alternate } from '../rounds.js'
import { grpc, presentRpc, troupeRpc } from '../rpc/contenders.js'
import { Pair } from '../rpc/pair.js'
import type { Scenario } from '../scenario.js'
import { figure } from '../table.js'
import { rates, rateTable, rateTarget } from '../throughput.js'

export const rpcStream: Scenario = async ({ rounds, quick }) => {
  const count = quick ? 2_000 : 100_000
  const contenders = presentRpc().filter(({ streams }) => streams)
  const orderFor = () => ({ act: 'read' as const, count })
  const summaries = rates(await alternate(contenders, { start: Pair.start, rounds, warmUp: !quick, orderFor }))
  return {
    title: `A stream of ${figure(count)} messages from the server`,
    text:
      'One stream a round, from the call to its end. Every message is checked to be the next one. Raw zeromq sends 256 ' +
      'messages in a frame.',
    tables: [rateTable(contenders, summaries, grpc.name, 'messages')],
    targets: rateTarget({ ours: troupeRpc, peer: grpc, least: 5 }, summaries),
  }
}
