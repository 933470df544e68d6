/**
 * Python's multiprocessing.Pool.map, with chunks of its own choice.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Contender } from '../contender.js'
import { Tally } from '../point.js'

const SCRIPT = fileURLToPath(new URL('../../python/pool_map.py', import.meta.url))

export const python: Contender = {
  name: 'Python multiprocessing.Pool.map',
  abilities: {
    validates: 'nothing',
    map: 'in input order; holds all inputs and all results',
    deadWorker: 'is replaced, but its tasks are lost and the map waits for ever',
  },
  async start({ workers }) {
    const child = spawn('python3', [SCRIPT, String(workers)], { stdio: ['pipe', 'pipe', 'inherit'] })
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
    return {
      async map(count) {
        child.stdin.write(`${count}\n`)
        const line = await lines.next()
        if (line.done) throw new Error('python3 ended before its answer')
        const tally = new Tally()
        tally.add(JSON.parse(line.value) as Tally)
        return tally
      },
      async stop() {
        const exited = once(child, 'exit')
        child.stdin.end()
        await exited
      },
    }
  },
}

/** The version of python3, or nothing where it is missing. */
export function pythonVersion(): string | undefined {
  const { status, stdout } = spawnSync('python3', ['--version'], { encoding: 'utf8' })
  return status === 0 ? stdout.trim() : undefined
}
