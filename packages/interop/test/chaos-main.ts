/**
 * The command: `chaos polyglot [--seed SEED] [--tasks N] [--verbose]`. A farm that is killed and resumed, with workers in three languages
 * whom everything befalls; what it saw goes to stdout. It exits with 1 when a result was lost or came twice, or anything was left.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { pythonWith, required } from '@troupe/testing/python-with'
import { CProgram, missing } from './c-worker.js'
import { polyglotChaos } from './chaos/polyglot-chaos.js'

/** Something else befalls somebody about every so many tasks, and everything once. */
const TASKS_PER_DEED = 650
const DECK = 25

const { values } = parseArgs({
  options: { tasks: { type: 'string' }, seed: { type: 'string' }, verbose: { type: 'boolean' } },
  // The first is the name of the play.
  allowPositionals: true,
})
const log = values.verbose
  ? (line: string) => console.log(`${(performance.now() / 1_000).toFixed(1)} s, ${line}`)
  : undefined
const seed = Number(values.seed ?? Date.now() % 1_000_000)
const least = Number(values.tasks ?? 100_000)
const python = pythonWith('zmq', 'msgpack')
if (python === undefined) console.log('no Python here has pyzmq and msgpack: the play goes on without')
if (missing !== undefined) console.log(`${missing}: the play goes on without`)
if (required && (python === undefined || missing !== undefined)) throw new Error('a language is missing')

const folder = mkdtempSync(join(tmpdir(), 'troupe-chaos-'))
const startMs = performance.now()
using program = missing === undefined ? new CProgram() : undefined
const deeds = Math.max(DECK, Math.round(least / TASKS_PER_DEED))
const { count, befell, suffered, wrong } = await polyglotChaos({
  ...{ count: least, seed, deeds, folder, python, c: program?.path, log },
})
const list = (counts: Readonly<Record<string, number>>) =>
  Object.entries(counts)
    .map(([name, times]) => `${name} ${times}`)
    .join(', ')
console.log(
  `polyglot, seed ${seed}, ${Math.round((performance.now() - startMs) / 1_000)} s: ${count} tasks; ${list(befell)}; ` +
    `of these, ${list(suffered)}: ` +
    (wrong.length === 0 ? 'each result once, nothing left' : `WRONG, see ${folder}: ${wrong.slice(0, 10).join('; ')}`),
)
if (wrong.length === 0) rmSync(folder, { recursive: true })
else process.exitCode = 1
