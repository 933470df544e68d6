/**
 * A program of packages/bench/python that runs as many tasks as it is asked for, and answers with the tally of the results.
 */
import { type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Pool } from '../contender.js'
import { Tally } from '../point.js'

export const SCRIPTS = fileURLToPath(new URL('../../python/', import.meta.url))

/** Of its own environment only what is added is told. It ends at the end of its input, which this process holds. */
export function startScript(
  python: string,
  [file, ...args]: readonly [file: string, ...args: string[]],
  env: SpawnOptions['env'] = {},
): Pool {
  const child = spawn(python, ['-B', SCRIPTS + file, ...args], {
    ...{ stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, ...env } },
  })
  const exited = once(child, 'exit')
  const lines = createInterface(child.stdout!)[Symbol.asyncIterator]()
  return {
    async map(count) {
      child.stdin!.write(`${count}\n`)
      const line = await lines.next()
      if (line.done) throw new Error(`${file} ended before its answer`)
      const tally = new Tally()
      tally.add(JSON.parse(line.value) as Tally)
      return tally
    },
    async stop() {
      child.stdin!.end()
      await exited
    },
  }
}
