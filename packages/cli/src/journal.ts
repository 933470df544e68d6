/**
 * The command `troupe journal show`: what a journal of durable runs holds.
 */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type JournalReport, LevelJournal, type RunIdentity, type RunSummary, summarizeRun } from '@troupe/actors/farm'
import { parseOptions } from '@troupe/core'
import { type Ending, endingOf, type Streams } from './ending.js'
import { Interrupt } from './interrupt.js'
import { JournalShowOptions } from './journal.options.js'
import { jsonOf } from './json.js'
import { LineWriter } from './line-writer.js'
import { unlessStopped } from './unless-stopped.js'

interface Shown {
  readonly path: string
  readonly bytes: number
  readonly damage?: JournalReport['damage']
  readonly runs: readonly (RunIdentity & RunSummary)[]
}

/**
 * Writes what the journal at `path` holds. Drops what is damaged, as a farm would that claims it, and counts that as failed.
 * @throws {TroupeError} `INVALID_OPTIONS`, and what a claim throws: `JOURNAL_UNREADABLE` also when there is no journal
 */
export async function showJournal(path: string, given: unknown, { stdout }: Streams): Promise<Ending> {
  const { json } = parseOptions(JournalShowOptions, given, 'troupe journal show')
  const interrupt = new Interrupt()
  try {
    const shown = await unlessStopped(contentsOf(path), interrupt.drain)
    if (shown === undefined) return endingOf(interrupt, 0)
    const output = new LineWriter(stdout, (error) => interrupt.stop(error))
    for (const line of json ? [jsonOf(shown)] : linesOf(shown)) void output.write(line)
    await unlessStopped(output.flush(), interrupt.stopped)
    return endingOf(interrupt, shown.damage === undefined ? 0 : 1)
  } finally {
    interrupt.close()
  }
}

async function contentsOf(path: string): Promise<Shown> {
  await using journal = new LevelJournal({ path, create: false })
  const { damage } = await journal.claim()
  const bytes = await bytesIn(path)
  const runs: (RunIdentity & RunSummary)[] = []
  for (const run of await journal.runs()) {
    await journal.open(run)
    runs.push({ ...run, ...(await summarizeRun(journal, run.name)) })
  }
  return { path, bytes, ...(damage !== undefined && { damage }), runs }
}

async function bytesIn(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true })
  const found = await Promise.all(names.map((name) => stat(join(folder, name)).catch(() => undefined)))
  return found.reduce((sum, file) => sum + (file?.isFile() ? file.size : 0), 0)
}

function* linesOf({ path, bytes, damage, runs }: Shown): Generator<string> {
  yield `${path}: ${runs.length} ${runs.length === 1 ? 'run' : 'runs'}, ${bytes} bytes`
  if (damage !== undefined) yield `damaged: ${damage.entriesLost} entries lost, ${damage.why}`
  for (const { name, task, version, accepted, done, failed, taken, note } of runs) {
    // Names and notes are anybody's text: quoted, they cannot play tricks on a terminal.
    yield `${quoted(name)}: task ${quoted(task)}${version === undefined ? '' : `, version ${quoted(version)}`}`
    yield `  accepted ${accepted}, done ${done}, failed ${failed}, taken ${taken}`
    if (note !== undefined) yield `  last note ${quoted(note)}`
  }
}

const quoted = (text: string): string => JSON.stringify(text)
