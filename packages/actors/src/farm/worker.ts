/**
 * A worker that the farm has started, as an actor: it opens its end of the channel, says HELLO to the farm until it is
 * welcome, and runs what comes.
 */
import type { MessagePort } from 'node:worker_threads'
import { TroupeError } from '@troupe/core'
import type { ActorContext } from '../actor/actor-context.js'
import type { Pipe } from '../actor/pipe.js'
import { Equipment } from './equipment.js'
import { loadTasks } from './load-tasks.js'
import { type SocketPlaces, workerEnd } from './worker-end.js'
import { enterWorker } from './worker-mark.js'
import { WorkerSession } from './worker-session.js'

/** What the farm tells a worker that it starts itself. */
export interface WorkerArgs {
  readonly id: string
  readonly isolation: 'process' | 'thread' | 'inline'
  readonly tags: readonly string[]
  readonly tasks: string
  readonly run: string
  readonly incarnation: string
  /** Where the two listen, or the port between their threads. */
  readonly way: SocketPlaces | MessagePort
}

/** The actor. It is ready when the farm has welcomed it. */
export async function farmWorker(_pipe: Pipe, args: WorkerArgs, { signal, log, ready }: ActorContext): Promise<void> {
  const { id, isolation, tags, run, incarnation } = args
  if (isolation !== 'inline') enterWorker()
  const tasks = await loadTasks(args.tasks)
  // Before HELLO: what cannot be set up does not join.
  const equipment = await Equipment.setUp(tasks, { worker: id, tags, signal, log })
  const end = workerEnd(args.way, signal)
  const names = [...tasks.values()].map(({ name, version }) => ({ name, ...(version !== undefined && { version }) }))
  const session = new WorkerSession({
    ...{ run, incarnation, isolation, tasks: equipment.tasks, end, log },
    introduction: { tasks: names, ...(tags.length > 0 && { tags: [...tags] }) },
    welcomed: ready,
    refused: (_, message) => {
      throw new TroupeError('VERSION_MISMATCH', `the farm refused this worker: ${message}`)
    },
    // The farm ends it as an actor.
    dismissed: () => undefined,
  })
  try {
    session.hello(await end.inbox())
    await end.read((parts) => session.came(parts))
  } finally {
    await session.end(signal.reason)
    await end.close()
    await equipment.takeDown()
  }
}
