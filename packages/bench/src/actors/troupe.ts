/**
 * Our actors, and our supervisors around them.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { Actor, type ModuleExport } from '@troupe/actors/actor'
import { type ActorRef, type Supervised, Supervisor } from '@troupe/actors/supervisor'
import { CAST, CRASH, echo } from './echo.actor.js'
import type { Phoenix, Subject, Where, World } from './world.js'

const CODE: ModuleExport<typeof echo> = { module: new URL('./echo.actor.js', import.meta.url), export: 'echo' }

/** How long a spare may take to be started and warm, in ms. */
const SPARE_MS = 1_000

type Echo = Awaited<ReturnType<typeof startIn>>

/** A handler inline, as its users write it; code that is named elsewhere. */
const startIn = (where: Where) =>
  where === 'inline' ? Actor.start(echo) : Actor.start(CODE, undefined, { isolation: where })

export async function openTroupe(where: Where, spares: number): Promise<World> {
  const trees: Supervisor[] = []
  const supervised = async (count: number): Promise<Supervisor> => {
    const children = Array.from({ length: count }, (_, id) => ({ id: String(id), start: () => startIn(where) }))
    // They crash as often as they are told.
    const tree = await Supervisor.start({ intensity: Number.MAX_SAFE_INTEGER, children, spares })
    trees.push(tree)
    return tree
  }
  const nursery = spares > 0 ? await supervised(0) : undefined
  let last = 0
  const startOne = async (): Promise<Subject> => {
    if (nursery === undefined) return subjectOf(await startIn(where))
    const id = String(++last)
    await nursery.startChild({ id, restart: 'temporary', start: () => startIn(where) })
    return { ...subjectOf(nursery.lookup<typeof echo>(`root/${id}`)), stop: () => nursery.stopChild(id) }
  }
  return {
    start: startOne,
    startMany: async (count) => subjectOf((await supervised(count)).children()[0]!.child as Echo),
    startPhoenix: async () => phoenixOf(await supervised(1)),
    ...(spares > 0 && { rest: () => delay(SPARE_MS) }),
    end: async () => void (await Promise.all(trees.map((tree) => tree.stop()))),
  }
}

const subjectOf = (actor: Echo | ActorRef<number, number>): Subject => ({
  ask: (question) => actor.ask(question),
  cast: async () => void (await actor.send(CAST)),
  stop: async () => void (await (actor as Echo).stop?.()),
})

function phoenixOf(tree: Supervisor): Phoenix {
  const ref = tree.lookup<typeof echo>('root/0')
  return {
    ask: (question) => ref.ask(question),
    async crash() {
      const started = new Promise<Supervised>((resolve) => {
        const end = tree.subscribe((notice) => {
          if (notice.type !== 'started') return
          end()
          resolve(notice.child)
        })
      })
      await ref.send(CRASH)
      await started
    },
    stop: () => tree.stop(),
  }
}
