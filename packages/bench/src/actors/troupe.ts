/**
 * Our actors, and our supervisors around them.
 */
import { Actor } from '@troupe/actors/actor'
import { type Supervised, Supervisor } from '@troupe/actors/supervisor'
import { CAST, CRASH, echo } from './echo.actor.js'
import type { Phoenix, Subject, Where, World } from './world.js'

const CODE = { module: new URL('./echo.actor.js', import.meta.url), export: 'echo' }

/** A closure inline, as its users write it; code that is named elsewhere. */
const startIn = (where: Where): Promise<Actor> =>
  where === 'inline' ? Actor.start(echo) : Actor.start(CODE, undefined, { isolation: where as 'process' })

export async function openTroupe(where: Where): Promise<World> {
  const trees: Supervisor[] = []
  const supervised = async (count: number): Promise<Supervisor> => {
    const children = Array.from({ length: count }, (_, id) => ({ id: String(id), start: () => startIn(where) }))
    // They crash as often as they are told.
    const tree = await Supervisor.start({ intensity: Number.MAX_SAFE_INTEGER, children })
    trees.push(tree)
    return tree
  }
  return {
    start: async () => subjectOf(await startIn(where)),
    startMany: async (count) => subjectOf(firstOf(await supervised(count))),
    startPhoenix: async () => phoenixOf(await supervised(1)),
    end: async () => void (await Promise.all(trees.map((tree) => tree.stop()))),
  }
}

const firstOf = (tree: Supervisor): Actor => tree.children()[0]!.child as Actor

const subjectOf = (actor: Actor): Subject => ({
  ask: (question) => askOf(actor, question),
  cast: () => actor.send(CAST),
  stop: () => actor.stop(),
})

function phoenixOf(tree: Supervisor): Phoenix {
  return {
    ask: (question) => askOf(firstOf(tree), question),
    async crash() {
      const started = new Promise<Supervised>((resolve) => {
        const end = tree.subscribe((notice) => {
          if (notice.type !== 'started') return
          end()
          resolve(notice.child)
        })
      })
      await firstOf(tree).send(CRASH)
      await started
    },
    stop: () => tree.stop(),
  }
}

async function askOf(actor: Actor, question: number): Promise<number> {
  await actor.send(question)
  return Number(await actor.receive())
}
