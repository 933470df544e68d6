/**
 * The main job: every file under a folder goes through a supervised farm, one worker dies half-way, and nothing is lost.
 *
 * Run: npm start -- [DIR] [--limit N] [--workers N] [--no-kill]
 * Output: a table; see README.md. Exit status 0 if nothing was lost, nothing came twice, and one process agrees; 1 if
 * not; 2 if it could not run.
 */
import { mkdir, realpath } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Farm } from '@troupe/actors/farm'
import { TroupeError } from '@troupe/core'
import { type Arguments, assertFolder, parseArguments, UsageError } from './arguments.js'
import { examineAll } from './examine-all.js'
import { listFiles } from './list-files.js'
import { InputRecord, readRecords, writeRecords } from './records.js'
import { reportText } from './report.js'
import { chooseSample, compareSample } from './sample.js'
import { StatusLine } from './status-line.js'
import { verify } from './verify.js'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const FOLDER = join(ROOT, '.troupe', 'main-job')
const INPUTS = join(FOLDER, 'inputs.ndjson')
const RESULTS = join(FOLDER, 'results.ndjson')

const interrupt = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupt.abort())

try {
  process.exitCode = await run(parseArguments(process.argv.slice(2), join(ROOT, 'node_modules')))
} catch (error) {
  process.exitCode = explain(error)
}

async function run(given: Arguments): Promise<number> {
  const status = new StatusLine(process.stderr)
  await assertFolder(given.folder)
  const folder = await realpath(given.folder)
  await mkdir(FOLDER, { recursive: true })
  const total = await writeInputs(folder, given.limit, status)
  console.log(`${total.toLocaleString('en-US')} files under ${folder}`)
  if (total === 0) return 0

  const workers = given.workers ?? availableParallelism()
  await using farm = await Farm.start({ tasks: new URL('./tasks.js', import.meta.url), workers })
  const signal = interrupt.signal
  const startedMs = performance.now()
  await writeRecords(RESULTS, examineAll(farm, { inputs: INPUTS, total, kill: given.kill, signal, status }))
  const seconds = (performance.now() - startedMs) / 1000
  const { restarts, redelivered } = farm.stats()

  const findings = await verify(INPUTS, RESULTS, await chooseSample(readRecords(INPUTS, InputRecord), total))
  const sample = await compareSample(farm, findings.sample)
  console.log(`\n${reportText(findings, { seconds, workers, restarts, redelivered }, sample)}\n`)
  for (const { path, failed } of findings.failures.slice(0, 5)) console.log(`  unreadable: ${path}: ${failed}`)
  console.log(`Results: ${RESULTS}\nInputs:  ${INPUTS}`)
  const wrong = findings.lost + findings.twice + findings.strange + sample.different.length
  return wrong === 0 ? 0 : 1
}

async function writeInputs(folder: string, limit: number, status: StatusLine): Promise<number> {
  let total = 0
  async function* records() {
    const paths = listFiles(folder, dirname(FOLDER), (unreadable, error) => {
      status.note(`cannot read the folder ${unreadable}: ${error.message}`)
    })
    for await (const path of paths) {
      if (total === limit) return
      total++
      yield { path }
    }
  }
  await writeRecords(INPUTS, records())
  return total
}

/** Says in one line why there is no table, and gives the exit status. */
function explain(error: unknown): number {
  if (interrupt.signal.aborted) {
    console.error('main job: interrupted')
    return 130
  }
  if (!(error instanceof UsageError || error instanceof TroupeError)) throw error
  console.error(`main job: ${error.message}`)
  return 2
}
