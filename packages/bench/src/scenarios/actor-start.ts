/**
 * How long an actor takes to start.
 */
import { startActors } from '../actors/actor-host.js'
import { actorsIn, bareNode, inlineTroupe, processTroupe, spareTroupe, threadTroupe } from '../actors/contenders.js'
import type { ActorContender } from '../actors/world.js'
import type { Round } from '../host.js'
import { alternate } from '../rounds.js'
import type { Scenario, Target } from '../scenario.js'
import { type Summary, summarize } from '../statistics.js'
import { figure } from '../table.js'
import { timeTable } from '../time-table.js'

const WANTED_INLINE_US = 100
const WANTED_THREAD_MS = 50
const WANTED_SPARE_MS = 30
/** Beyond the start of Node itself. */
const WANTED_PROCESS_MS = 150

const meanUs = ({ count, seconds }: Round): number => (seconds / count) * 1_000_000
const medianMs = ({ medianUs = 0 }: Round): number => medianUs / 1_000

export const actorStart: Scenario = async ({ rounds, quick }) => {
  const run = async (contenders: readonly ActorContender[], count: number, value: (round: Round) => number) => {
    const orderFor = () => ({ act: 'start' as const, count })
    const results = await alternate(contenders, { start: startActors, rounds, warmUp: !quick, orderFor })
    return new Map([...results].map(([name, all]) => [name, summarize(all.map(value))]))
  }
  const counts = quick ? { inline: 20, elsewhere: 2 } : { inline: 2_000, elsewhere: 10 }
  const inline = await run(actorsIn('inline'), counts.inline, meanUs)
  const thread = await run(actorsIn('thread'), counts.elsewhere, medianMs)
  const processes = await run(actorsIn('process'), counts.elsewhere, medianMs)
  return {
    title: 'Start of an actor',
    text:
      `One after the other, until each takes messages; inline the mean of ${figure(counts.inline)} a round, else the median of ` +
      `${counts.elsewhere} a round. nact's spawn just returns. A bare process or thread says hello and is ` +
      "the least that an actor there can take; node -e '' is Node's own start and end.",
    tables: [
      timeTable(actorsIn('inline'), inline, 'us, mean'),
      timeTable(actorsIn('thread'), thread, 'ms, median'),
      timeTable(actorsIn('process'), processes, 'ms, median'),
    ],
    targets: [
      under(inlineTroupe, inline, WANTED_INLINE_US, 'us'),
      under(threadTroupe, thread, WANTED_THREAD_MS, 'ms'),
      beyondNode(processes.get(processTroupe.name)!.median, processes.get(bareNode.name)!.median),
      under(spareTroupe, processes, WANTED_SPARE_MS, 'ms'),
    ],
  }
}

function under({ name }: ActorContender, of: ReadonlyMap<string, Summary>, wanted: number, unit: string): Target {
  const { median } = of.get(name)!
  return {
    what: `start of an actor: ${name}`,
    wanted: `under ${wanted} ${unit}`,
    measured: `${figure(median)} ${unit}`,
    met: median < wanted,
  }
}

const beyondNode = (ours: number, node: number): Target => ({
  what: `start of an actor: ${processTroupe.name}`,
  wanted: `within ${WANTED_PROCESS_MS} ms beyond ${bareNode.name}`,
  measured: `${figure(ours)} ms, of which ${figure(node)} ms Node`,
  met: ours <= node + WANTED_PROCESS_MS,
})
