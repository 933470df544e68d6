/**
 * From a crash to the child that serves in its place.
 */
import { startActors } from '../actors/actor-host.js'
import { actorContenders, inlineTroupe, spareTroupe } from '../actors/contenders.js'
import type { ActorContender } from '../actors/world.js'
import { alternate } from '../rounds.js'
import type { Scenario, Target } from '../scenario.js'
import { type Summary, summarize } from '../statistics.js'
import { figure } from '../table.js'
import { timeTable } from '../time-table.js'

const WANTED_INLINE_MS = 1
/** With a process that waits as a spare; without one it is Node's start and more. */
const WANTED_PROCESS_MS = 30

const contenders = actorContenders.filter(({ supervises }) => supervises)

export const actorCrash: Scenario = async ({ rounds, quick }) => {
  const counts = quick ? { inline: 20, elsewhere: 1 } : { inline: 1_000, elsewhere: 5 }
  const countOf = ({ where }: ActorContender) => (where === 'inline' ? counts.inline : counts.elsewhere)
  const orderFor = (one: ActorContender) => ({ act: 'crash' as const, count: countOf(one) })
  // Started and crashed one by one: a contender's processes are not to start beside another's.
  const summaries = new Map<string, Summary>()
  for (const one of contenders) {
    const results = await alternate([one], { start: startActors, rounds, warmUp: !quick, orderFor })
    for (const [name, all] of results) summaries.set(name, summarize(all.map(({ medianUs = 0 }) => medianUs / 1_000)))
  }
  return {
    title: 'From a crash to the child that serves again',
    text:
      `From the message that makes it crash to the answer of the next incarnation; the median of ${figure(counts.inline)} a round ` +
      `inline, of ${counts.elsewhere} of a process. nact resets the state of an actor in place; it has no processes. comedy starts forked ` +
      'actors again and says nothing when it has, so it is asked until it answers; in its other modes it starts nothing again.',
    tables: [timeTable(contenders, summaries, 'ms, median')],
    targets: [target(inlineTroupe, summaries, WANTED_INLINE_MS), target(spareTroupe, summaries, WANTED_PROCESS_MS)],
  }
}

function target({ name }: ActorContender, summaries: ReadonlyMap<string, Summary>, wantedMs: number): Target {
  const { median } = summaries.get(name)!
  return {
    what: `crash to serving again: ${name}`,
    wanted: `under ${wantedMs} ms`,
    measured: `${figure(median)} ms`,
    met: median < wantedMs,
  }
}
