/**
 * comedy: actors in this thread, in threads and in processes of their own. Those in processes are started again.
 */
import { setTimeout as delay } from 'node:timers/promises'
import comedy, { type ActorRef } from 'comedy'
import type { Phoenix, Subject, World } from './world.js'

/** How long one that has just crashed may take to answer before it is asked again, in ms. */
const RETRY_MS = 20

/** comedy sends the text of a class to a process, so it refers to nothing outside of it. */
class Echo {
  casts = 0
  cast(): void {
    this.casts++
  }
  ask(question: number): number {
    return question + this.casts
  }
  crash(): void {
    process.exit(1)
  }
}

export async function openComedy(mode: string): Promise<World> {
  // Its tests' mode: no log.
  const system = comedy.createSystem({ test: true })
  const root = await system.rootActor()
  const start = (options: object = {}) => root.createChild(Echo, { mode, ...options })
  return {
    start: async () => subjectOf(await start()),
    async startMany(count) {
      const first = await start()
      for (let started = 1; started < count; started++) await start()
      return subjectOf(first)
    },
    startPhoenix: async () => phoenixOf(await start({ onCrash: 'respawn' })),
    end: () => system.destroy(),
  }
}

const subjectOf = (actor: ActorRef): Subject => ({
  ask: (question) => actor.sendAndReceive('ask', question),
  cast: () => actor.send('cast'),
  stop: () => actor.destroy(),
})

const phoenixOf = (actor: ActorRef): Phoenix => ({
  /** Nothing tells when it is there again, and what is sent meanwhile fails or is lost. */
  async ask(question) {
    for (;;) {
      const answer = actor.sendAndReceive('ask', question).catch(() => delay(1))
      const given: unknown = await Promise.race([answer, delay(RETRY_MS)])
      if (typeof given === 'number') return given
    }
  },
  async crash() {
    await actor.send('crash').catch(() => undefined)
  },
  stop: () => actor.destroy(),
})
