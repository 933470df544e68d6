/**
 * All contenders among the actors. A further isolation of ours is a line here.
 */
import type { ActorContender, Where, World } from './world.js'

const troupe = (where: Where, spares = 0): ActorContender => ({
  ...{ name: `troupe, ${where}${spares > 0 ? ' from a spare' : ''}`, where, supervises: true },
  open: async () => (await import('./troupe.js')).openTroupe(where, spares),
})

const comedy = (where: Where, mode: string): ActorContender => ({
  // In its own words: in-memory actors crash with the program, and threads are not started again.
  ...{ name: `comedy, ${mode}`, where, supervises: mode === 'forked' },
  open: async () => (await import('./comedy.js')).openComedy(mode),
})

const bare = (name: string, where: Where, start: 'startNode' | 'startFork' | 'startWorker'): ActorContender => ({
  ...{ name, where, supervises: false },
  open: async (): Promise<World> => ({ start: (await import('./bare.js'))[start], end: async () => undefined }),
})

export const inlineTroupe = troupe('inline')
export const threadTroupe = troupe('thread')
export const processTroupe = troupe('process')
/** Blank processes wait for it. */
export const spareTroupe = troupe('process', 1)
export const troupes: readonly ActorContender[] = [inlineTroupe, threadTroupe, processTroupe, spareTroupe]

export const nact: ActorContender = {
  ...{ name: 'nact', where: 'inline', supervises: true },
  open: async () => (await import('./nact.js')).openNact(),
}

/** It takes no messages. */
export const bareNode = bare("node -e ''", 'process', 'startNode')

export const actorContenders: readonly ActorContender[] = [
  ...troupes,
  nact,
  comedy('inline', 'in-memory'),
  comedy('thread', 'threaded'),
  comedy('process', 'forked'),
  bare('bare Worker', 'thread', 'startWorker'),
  bare('bare fork', 'process', 'startFork'),
  bareNode,
]

/** Those whose actors run there, ours first. */
export const actorsIn = (where: Where): readonly ActorContender[] =>
  actorContenders.filter((one) => one.where === where)
