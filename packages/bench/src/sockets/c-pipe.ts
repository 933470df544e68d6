/**
 * libzmq's own pipeline in C, built where there is a compiler and libzmq's header.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Round, RoundsOf } from '../host.js'

const SOURCE = fileURLToPath(new URL('../../c/pipeline.c', import.meta.url))

/** Undefined where it cannot be built. */
export function startCPipe(): RoundsOf<{ readonly count: number }> | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'))
  const binary = join(folder, 'pipeline')
  const remove = () => rmSync(folder, { recursive: true, force: true })
  if (spawnSync('cc', ['-O2', '-o', binary, SOURCE, '-lzmq'], { stdio: 'ignore' }).status !== 0) {
    remove()
    return undefined
  }
  const child = spawn(binary, { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  return {
    async run({ count }): Promise<Round> {
      child.stdin.write(`${count}\n`)
      const { value, done } = await lines.next()
      if (done === true) throw new Error('the pipeline in C ended before its answer')
      return { count, seconds: Number(value) }
    },
    async [Symbol.asyncDispose]() {
      const exited = once(child, 'exit')
      child.stdin.end()
      await exited
      remove()
    },
  }
}
