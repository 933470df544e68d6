/**
 * Many actors under one parent: what they weigh, and how many messages one of them takes.
 */
import { startActors } from '../actors/actor-host.js'
import type { ActorOrder } from '../actors/actors.main.js'
import { actorsIn, inlineTroupe } from '../actors/contenders.js'
import type { ActorContender } from '../actors/world.js'
import type { Host } from '../host.js'
import { hasProc, MemoryWatch, type PeakMemory } from '../process-tree.js'
import { alternate } from '../rounds.js'
import type { Scenario } from '../scenario.js'
import { figure } from '../table.js'
import { rates, rateTable } from '../throughput.js'

const WANTED_MIB = 150
const WANTED_CASTS = 200_000

interface Weight {
  readonly before: PeakMemory
  readonly after: PeakMemory
}

export const actorTree: Scenario = async ({ rounds, quick }) => {
  const [actors, casts] = quick ? [200, 2_000] : [10_000, 200_000]
  const contenders = actorsIn('inline')
  const weights = new Map<string, Weight>()
  const start = async (one: ActorContender) => {
    const host = await startActors(one)
    weights.set(one.name, await filled(host, actors))
    return host
  }
  const orderFor = () => ({ act: 'cast' as const, count: casts })
  const summaries = rates(await alternate(contenders, { start, rounds, warmUp: !quick, orderFor }))
  const ours = weights.get(inlineTroupe.name)!
  const grown = ours.after.rssMib - ours.before.rssMib
  const rate = summaries.get(inlineTroupe.name)!.median
  return {
    title: `${figure(actors)} actors under one parent, in one thread`,
    text:
      `Memory of the process before and after their start${hasProc ? '' : ' (read from /proc, which only Linux has: nothing here)'}, without ` +
      `a forced collection. Then casts to one of them: ${figure(casts)} a round, until the last is handled.`,
    tables: [memoryTable(contenders, weights), rateTable(contenders, summaries, 'nact', 'casts')],
    targets: [
      {
        what: `RSS of ${figure(actors)} inline actors`,
        wanted: `under ${WANTED_MIB} MiB`,
        measured: `${figure(grown)} MiB`,
        met: hasProc && grown < WANTED_MIB,
      },
      {
        what: 'casts a second to one of them',
        wanted: `at least ${figure(WANTED_CASTS)}`,
        measured: figure(rate),
        met: rate >= WANTED_CASTS,
      },
    ],
  }
}

async function filled(host: Host<ActorOrder>, count: number): Promise<Weight> {
  const before = weigh(host.pid)
  await host.run({ act: 'fill', count })
  return { before, after: weigh(host.pid) }
}

/** As it is now. */
const weigh = (pid: number): PeakMemory => (hasProc ? new MemoryWatch(pid).stop() : { rssMib: 0, pssMib: 0 })

function memoryTable(contenders: readonly ActorContender[], weights: ReadonlyMap<string, Weight>) {
  const rows = contenders.map(({ name }) => {
    const { before, after } = weights.get(name)!
    return [name, before.rssMib, after.rssMib, after.rssMib - before.rssMib, after.pssMib - before.pssMib].map(
      (cell) => (typeof cell === 'number' ? figure(cell) : cell),
    )
  })
  return { head: ['contender, MiB', 'RSS before', 'RSS after', 'RSS, more', 'PSS, more'], rows }
}
