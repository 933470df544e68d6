/**
 * Python's multiprocessing.Pool: `map` with chunks of its own choice, and `imap`, which sends one task at a time.
 */
import { spawnSync } from 'node:child_process'
import { pythonWith } from '@troupe/testing/python-with'
import type { Contender } from '../contender.js'
import { startScript } from './script.js'

const interpreter = () => pythonWith('multiprocessing')

export const poolMap = poolBy('map', 'in input order; holds all inputs and all results')
export const poolImap = poolBy('imap', 'in input order, each as it comes; one message for each')

function poolBy(method: 'map' | 'imap', map: string): Contender {
  return {
    name: `Python multiprocessing.Pool.${method}`,
    abilities: {
      validates: 'nothing',
      map,
      deadWorker: 'is replaced, but its tasks are lost and the map waits for ever',
    },
    missing: () => (interpreter() === undefined ? 'there is no python3 on this machine' : undefined),
    async start({ task, workers }) {
      return startScript(interpreter()!, ['pool.py', method, task, String(workers)])
    },
  }
}

/** The version of the Python that runs it, or nothing where there is none. */
export function pythonVersion(): string | undefined {
  const python = interpreter()
  return python && spawnSync(python, ['--version'], { encoding: 'utf8' }).stdout.trim()
}
