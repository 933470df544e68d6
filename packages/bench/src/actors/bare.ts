/**
 * What Node does without any framework: what an actor cannot be faster than.
 */
import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import type { Subject } from './world.js'

const ECHO = new URL('./bare-echo.main.js', import.meta.url)

/** A node that does nothing; it has started when it has ended. */
export async function startNode(): Promise<Subject> {
  await once(spawn(process.execPath, ['-e', ''], { stdio: 'ignore' }), 'exit')
  const nobody = () => Promise.reject(new Error('it has ended'))
  return { ask: nobody, cast: nobody, stop: () => undefined }
}

/** A process that says hello by its channel. */
export async function startFork(): Promise<Subject> {
  const child = fork(fileURLToPath(ECHO))
  await once(child, 'message')
  return subjectOf(child, (message) => child.send(message))
}

/** A thread that says hello. */
export async function startWorker(): Promise<Subject> {
  const worker = new Worker(ECHO)
  await once(worker, 'message')
  return subjectOf(worker, (message) => worker.postMessage(message))
}

function subjectOf(peer: ChildProcess | Worker, send: (message: number) => void): Subject {
  return {
    async ask(question) {
      const answer = once(peer, 'message')
      send(question)
      return Number((await answer)[0])
    },
    cast: () => send(0),
    async stop() {
      const exited = once(peer, 'exit')
      if (peer instanceof Worker) void peer.terminate()
      else peer.kill()
      await exited
    },
  }
}
