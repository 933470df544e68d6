/**
 * A run that is killed with SIGKILL in its middle, and goes on: this program starts itself twice. The journal knows what is
 * done, and how long the output was when its outcomes were taken; what stands beyond is cut off and given again.
 *
 * Run: node examples/dist/24-resume.js
 * Expected output:
 *   killed in the middle
 *   went on with what was done
 *   500 results in the output, each once and right
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, openSync, readFileSync, rmSync, statSync, truncateSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Farm } from '@troupe/actors/farm'
import { square } from './24-squares.js'

const [, , given] = process.argv
await (given === undefined ? watch(mkdtempSync(join(tmpdir(), 'resume-'))) : run(given))

async function run(folder: string): Promise<void> {
  const tasks = new URL('./24-squares.js', import.meta.url)
  await using farm = await Farm.start({ tasks, workers: 2, journal: join(folder, 'journal') })
  const results = farm.map(square, Array(500).keys(), { acknowledge: 'manual' })
  const { taken, note } = (await results.resumed())!
  if (taken > 0) console.log('went on with what was done')
  const output = join(folder, 'output')
  const file = openSync(output, 'a')
  let size = Number(note ?? 0)
  truncateSync(output, size)
  for await (const squared of results) {
    size += writeSync(file, `${squared}\n`)
    await results.acknowledge(`${size}`)
  }
}

async function watch(folder: string): Promise<void> {
  const start = (): ChildProcess =>
    spawn(process.execPath, [fileURLToPath(import.meta.url), folder], { stdio: 'inherit' })
  const output = join(folder, 'output')
  const first = start()
  while ((statSync(output, { throwIfNoEntry: false })?.size ?? 0) < 1_000) await sleep(1)
  first.kill('SIGKILL')
  await once(first, 'exit')
  const isInTheMiddle = readFileSync(output, 'utf8').split('\n').length < 500
  console.log(isInTheMiddle ? 'killed in the middle' : 'it was too quick')
  await once(start(), 'exit')
  const lines = readFileSync(output, 'utf8').trim().split('\n')
  const areRight = lines.every((line, n) => Number(line) === n * n)
  console.log(`${lines.length} results in the output, ${areRight ? 'each once and right' : 'and not all right'}`)
  rmSync(folder, { recursive: true })
}
