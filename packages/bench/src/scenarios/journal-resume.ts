/**
 * A map whose process was killed: how soon it goes on, and what its journal weighs.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { LevelJournal } from '@troupe/actors/farm'
import type { Act, Resumed } from '../journal/resume.main.js'
import type { Scenario } from '../scenario.js'
import { figure } from '../table.js'

const MAIN = fileURLToPath(new URL('../journal/resume.main.js', import.meta.url))
const WANTED_MS = 5_000
const WANTED_BYTES = 60

/** What a journal holds, in bytes a task. */
interface Weight {
  readonly bodies: number
  readonly all: number
}

export const journalResume: Scenario = async ({ quick }) => {
  const count = quick ? 5_000 : 1_000_000
  const folder = mkdtempSync(join(tmpdir(), 'bench-resume-'))
  try {
    const [taken, kept] = [join(folder, 'taken'), join(folder, 'kept')]
    await killed(taken, count, 'take')
    const left = await weigh(taken, count)
    const { startedMs, firstMs } = await resumed(taken, count)
    await killed(kept, count, 'keep')
    const full = await weigh(kept, count)
    const beyond = full.all - full.bodies
    return {
      title: `A map over ${figure(count)} no-op tasks, killed with -9 and resumed`,
      text:
        'All results were taken before the kill; then the same command goes on with 1,000 inputs more. Bodies are what ' +
        'is encoded of results: inputs are kept as a hash.',
      tables: [
        {
          head: ['from the start of the farm', 'ms'],
          rows: [
            ['its workers take tasks', figure(startedMs)],
            ['the first new result', figure(firstMs)],
          ],
        },
        {
          head: ['bytes a task', 'bodies', 'all'],
          rows: [
            ['all results taken', figure(left.bodies), figure(left.all)],
            ['none taken', figure(full.bodies), figure(full.all)],
          ],
        },
      ],
      targets: [
        {
          what: 'the first new result of the resumed map',
          wanted: `within ${figure(WANTED_MS)} ms`,
          measured: `${figure(firstMs)} ms`,
          met: firstMs <= WANTED_MS,
        },
        {
          what: 'the journal beside the bodies, none taken',
          wanted: `under ${WANTED_BYTES} bytes a task`,
          measured: `${figure(beyond)} bytes`,
          met: beyond < WANTED_BYTES,
        },
      ],
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function killed(journal: string, count: number, act: Act): Promise<void> {
  const child = start(journal, count, act)
  await answer(child)
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}

async function resumed(journal: string, count: number): Promise<Resumed> {
  const child = start(journal, count, 'resume')
  const exited = once(child, 'exit')
  const times = await answer(child)
  await exited
  return times as Resumed
}

const start = (journal: string, count: number, act: Act): ChildProcess =>
  fork(MAIN, [journal, String(count), act], { stdio: ['ignore', 2, 2, 'ipc'] })

async function answer(child: ChildProcess): Promise<unknown> {
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`a durable map ended with ${code}`)
  })
  ended.catch(() => undefined)
  const [message] = await Promise.race([once(child, 'message'), ended])
  return message
}

async function weigh(path: string, count: number): Promise<Weight> {
  let bodies = 0
  {
    await using journal = new LevelJournal({ path })
    await journal.claim()
    for (const run of await journal.runs()) {
      await journal.open(run)
      const { name } = run
      for await (const { place } of journal.scan(name)) bodies += (await journal.read(name, place))?.byteLength ?? 0
    }
  }
  return { bodies: bodies / count, all: bytesIn(path) / count }
}

const bytesIn = (folder: string): number =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => statSync(join(folder, name)))
    .reduce((sum, file) => sum + (file.isFile() ? file.size : 0), 0)
