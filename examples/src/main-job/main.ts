/**
 * The main job: every file under a folder goes through a supervised farm, one worker dies half-way, and nothing is lost.
 *
 * Run: npm start -- [DIR] [--limit N] [--workers N] [--no-kill] [--results DIR]
 * Output: a table; see README.md. Exit status 0 if nothing was lost, nothing came twice, and one process agrees; 1 if
 * not; 2 if it could not run.
 */
import { mkdir, realpath } from 'node:fs/promises'
import { join } from 'node:path'
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
const DEFAULTS = { folder: join(ROOT, 'node_modules'), results: join(ROOT, '.troupe', 'main-job') }

interface Listing extends Pick<Arguments, 'folder' | 'results' | 'limit'> {
  readonly status: StatusLine
}

const interrupt = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupt.abort())

try {
  process.exitCode = await run(parseArguments(process.argv.slice(2), DEFAULTS))
} catch (error) {
  process.exitCode = explain(error)
}

async function run({ folder, results, limit, workers, kill }: Arguments): Promise<number> {
  const status = new StatusLine(process.stderr)
  await assertFolder(folder)
  await mkdir(results, { recursive: true })
  const inputsFile = join(results, 'inputs.ndjson')
  const resultsFile = join(results, 'results.ndjson')
  const total = await writeInputs(inputsFile, { folder, results, limit, status })
  console.log(`${total.toLocaleString('en-US')} files under ${folder}`)
  if (total === 0) return 0

  await using farm = await Farm.start({ tasks: new URL('./tasks.js', import.meta.url), ...(workers && { workers }) })
  const startedMs = performance.now()
  const records = examineAll(farm, { inputsFile, total, kill, signal: interrupt.signal, status })
  await writeRecords(resultsFile, records)
  const seconds = (performance.now() - startedMs) / 1000
  const stats = farm.stats()

  const chosen = await chooseSample(readRecords(inputsFile, InputRecord), total)
  const findings = await verify(inputsFile, resultsFile, chosen)
  const sample = await compareSample(farm, findings.sample)
  console.log(`\n${reportText(findings, { seconds, stats }, sample)}\n`)
  for (const { path, failed } of findings.failures.slice(0, 5)) console.log(`  unreadable: ${path}: ${failed}`)
  console.log(`Results: ${resultsFile}\nInputs:  ${inputsFile}`)
  const wrong = findings.lost + findings.twice + findings.strange + sample.different.length
  return wrong === 0 ? 0 : 1
}

/** Lists the files, and returns how many they are. */
async function writeInputs(inputsFile: string, terms: Listing): Promise<number> {
  const { folder, results, limit, status } = terms
  const [from, except] = [await realpath(folder), await realpath(results)]
  let total = 0
  async function* records() {
    const paths = listFiles(from, except, (unreadable, error) => {
      status.note(`cannot read the folder ${unreadable}: ${error.message}`)
    })
    for await (const path of paths) {
      if (total === limit) return
      total++
      yield { path }
    }
  }
  await writeRecords(inputsFile, records())
  return total
}

/** Says in one line why there is no table, and gives the exit status. */
function explain(error: unknown): number {
  if (interrupt.signal.aborted) {
    console.error('main job: interrupted')
    return 130
  }
  const { message, syscall } = error as NodeJS.ErrnoException
  // What the system refuses, such as to write the results, is for the person who typed the command too.
  if (!(error instanceof UsageError || error instanceof TroupeError || syscall !== undefined)) throw error
  console.error(`main job: ${message}`)
  return 2
}
