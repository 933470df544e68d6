/**
 * Our farm with workers in Python that have joined over tcp: those of packages/interop, written from the page on the wire.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Farm } from '@troupe/actors/farm'
import { pythonWith } from '@troupe/testing/python-with'
import type { Contender } from '../contender.js'
import { callsOf } from '../contenders/troupe.js'
import { noop, spin } from './points.tasks.js'
import { SCRIPTS } from './script.js'

const WORKER_MODULES = fileURLToPath(new URL('../../../interop/python', import.meta.url))
const POLL_MS = 10

const interpreter = () => pythonWith('zmq', 'msgpack')

export const troupePython: Contender = {
  name: 'troupe farm, workers in Python',
  abilities: {
    validates: 'both ends, at the farm',
    map: 'in input order; the farm decides how many are on their way',
    deadWorker: 'its tasks run elsewhere; who started it starts it again',
  },
  missing: () =>
    interpreter() === undefined
      ? 'no Python here has pyzmq and msgpack: on Debian, apt install python3-zmq python3-msgpack'
      : undefined,
  async start({ task, workers }) {
    const tasks = new URL('./points.tasks.js', import.meta.url)
    const farm = await Farm.start({ tasks, workers: 0, endpoint: 'tcp://127.0.0.1:*', joinable: true })
    const programs = Array.from({ length: workers }, () => startWorker(farm.endpoint!))
    await allIdle(farm, programs)
    return {
      ...callsOf(farm, task === 'spin' ? spin : noop),
      async stop() {
        await Promise.all(programs.map(endWorker))
        await farm.stop()
      },
    }
  },
}

/** It ends at the end of its input, which this process holds. */
function startWorker(endpoint: string): ChildProcess {
  const env = { ...process.env, PYTHONPATH: WORKER_MODULES }
  return spawn(interpreter()!, ['-B', `${SCRIPTS}farm_points.py`, endpoint], { stdio: ['pipe', 2, 2], env })
}

async function endWorker(program: ChildProcess): Promise<void> {
  const exited = once(program, 'exit')
  program.stdin!.end()
  await exited
}

async function allIdle(farm: Farm, programs: readonly ChildProcess[]): Promise<void> {
  while (farm.stats().workerStates.idle < programs.length) {
    if (programs.some(({ exitCode }) => exitCode !== null)) throw new Error('a worker in Python ended at its start')
    await delay(POLL_MS)
  }
}
