/**
 * Sockets and threads: a thread that ends while one of its sockets waits to send or receive aborts the whole process
 * (zeromq.js, issue 411). An actor's thread may be ended at any moment, so it has none.
 */
import { getEnvironmentData, isMainThread } from 'node:worker_threads'
import { TroupeError } from '../errors.js'

/** The key of the environment data by which a thread, and those that it starts, know that they are an actor's. */
export const ACTOR_THREAD = 'troupe.actor.thread'

/** @throws {TroupeError} `SOCKET_IN_THREAD` in the thread of an actor */
export function assertNoActorThread(what: string): void {
  if (isMainThread || getEnvironmentData(ACTOR_THREAD) !== true) return
  throw new TroupeError(
    'SOCKET_IN_THREAD',
    `${what} cannot be opened in the thread of an actor: if that ended while the socket waits, the whole process would abort. Use isolation 'process', or let the owner have the socket and speak through the pipe`,
  )
}
