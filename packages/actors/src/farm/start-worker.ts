/**
 * Starts the actor of one incarnation of a worker, and waits until it has joined.
 */
import { type Logger, TimeoutError, TroupeError, within } from '@troupe/core'
import { Actor } from '../actor/actor.js'
import type { Exit } from '../actor/exit.js'
import { moduleUrl } from '../actor/load-export.js'
import type { Mate } from './crew.js'
import type { CheckedFarmOptions } from './farm.options.js'
import type { WorkerArgs } from './worker.js'
import type { WorkerGroup } from './worker-group.js'

const WORKER = { module: new URL('./worker.js', import.meta.url), export: 'farmWorker' }

export interface StartTerms {
  readonly run: string
  readonly options: CheckedFarmOptions
  /** Where the farm listens, if any of its workers has sockets. */
  readonly sink: string | undefined
  readonly log: Logger
}

export function startWorker({ id, incarnation, end }: Mate, group: WorkerGroup, terms: StartTerms): Promise<Actor> {
  const { run, options, sink, log } = terms
  const { startTimeoutMs, shutdownMs, workerStdout, execArgv } = options
  const { isolation, tags, env } = group
  const way = end.port ?? { sink: sink!, inbox: end.inbox! }
  const args: WorkerArgs = {
    ...{ id, isolation, tags, run, incarnation, way },
    tasks: moduleUrl(options.tasks).href,
  }
  return Actor.start(WORKER, args, {
    ...{ name: id, isolation, startTimeoutMs, shutdownMs, env, stdout: workerStdout, log },
    ...(execArgv && { execArgv }),
    ...(end.port && { transferList: [end.port] }),
  })
}

/**
 * One that speaks through its pipe is ready before it can say HELLO.
 * @throws {TroupeError} `START_TIMEOUT`, and why it has ended
 */
export async function untilJoined(actor: Actor, joined: Promise<void>, timeoutMs: number): Promise<void> {
  const ended = actor.exit.then((exit) => {
    throw causeOf(exit)
  })
  try {
    await within(`the start of worker ${actor.name}`, { timeoutMs }, Promise.race([joined, ended]))
  } catch (error) {
    await actor.stop({ timeoutMs: 'brutal_kill' })
    if (!(error instanceof TimeoutError)) throw error
    throw new TroupeError('START_TIMEOUT', `worker ${actor.name} has not joined in ${timeoutMs} ms`)
  }
}

/** Why a worker has ended. */
export const causeOf = (exit: Exit): Error =>
  exit.reason === 'failed' ? exit.error : new TroupeError('WORKER_LOST', `its worker ended (${exit.reason})`)
