/**
 * Small messages from one process to another: what a message costs.
 */
import { Host, type RoundsOf } from '../host.js'
import { alternate } from '../rounds.js'
import type { Scenario } from '../scenario.js'
import { startCPipe } from '../sockets/c-pipe.js'
import { awaited, MESSAGE_BYTES, packedLists, packedSends, pipes, raw } from '../sockets/pipes.js'
import { figure } from '../table.js'
import { rates, rateTable, rateTarget } from '../throughput.js'

const MAIN = new URL('../sockets/pipe.main.js', import.meta.url)
const C = { name: 'libzmq in C, message by message' }
/** How many messages a round has: about a second's. */
const COUNTS = new Map([
  [raw.name, 200_000],
  [awaited.name, 200_000],
])
const COUNT = 3_000_000

type Contender = { readonly name: string }

export const pipeline: Scenario = async ({ rounds, quick }) => {
  const c = startCPipe()
  const contenders: Contender[] = [...pipes, ...(c === undefined ? [] : [C])]
  const orderFor = ({ name }: Contender) => ({ count: quick ? 2_000 : (COUNTS.get(name) ?? COUNT) })
  const start = async (one: Contender): Promise<RoundsOf<{ readonly count: number }>> =>
    one === C ? c! : Host.start(one.name, MAIN, [one.name])
  const summaries = rates(await alternate(contenders, { start, rounds, warmUp: !quick, orderFor }))
  const target = (ours: Contender, peer: Contender, least: number) =>
    rateTarget({ ours, peer, least, what: `${ours.name},` }, summaries)
  return {
    title: `Messages of ${MESSAGE_BYTES} B, push to pull, over tcp between two processes`,
    text:
      `Until the last of ${figure(COUNT)} messages has come, or of ${figure(200_000)} where each is a message of its own.` +
      (c === undefined ? ' There is no C compiler with libzmq here: its own pipeline was skipped.' : ''),
    tables: [rateTable(contenders, summaries, raw.name, 'messages')],
    targets: [...target(awaited, raw, 0.9), ...target(packedSends, raw, 5), ...target(packedLists, C, 1)],
  }
}
