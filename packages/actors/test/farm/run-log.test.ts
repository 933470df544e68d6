/**
 * How what happens in a durable map is gathered into batches, each of which is one append to its journal.
 */
import type { Journal, JournalEntry } from '@troupe/actors/farm'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { RunLog } from '../../dist/farm/durable/run-log.js'
import type { Entry } from '../../dist/farm/ledger.js'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

it('what comes while tasks run is one batch after 50 ms', async () => {
  const { log, appended } = opened({ isIdle: () => false })
  for (let n = 0; n < 10; n++) {
    log.accepted(n, n)
    log.settled(outcome(n))
    await turn()
  }
  log.taken([0, 1])
  await turn()
  expect(appended).toEqual([])
  await vi.advanceTimersByTimeAsync(50)
  await turn()
  expect(appended).toEqual([['accepted 10', 'done 10', 'taken 2']])
})

it('the last outcome, which nothing can join, is written at once with all that waits', async () => {
  let open = 2
  const { log, appended } = opened({ isIdle: () => open === 0 })
  for (const n of [0, 1]) log.accepted(n, n)
  await turn()
  open = 1
  log.settled(outcome(0))
  await turn()
  expect(appended).toEqual([])
  open = 0
  log.settled(outcome(1))
  await turn()
  expect(appended).toEqual([['accepted 2', 'done 2']])
})

it('two hundred inputs and outcomes are written at once', async () => {
  const { log, appended } = opened({ isIdle: () => false })
  for (let n = 0; n < 120; n++) log.accepted(n, n)
  await turn()
  for (let n = 0; n < 79; n++) log.settled(outcome(n))
  await turn()
  expect(appended).toEqual([])
  log.settled(outcome(79))
  await turn()
  expect(appended).toEqual([['accepted 120', 'done 80']])
})

it('a flush waits for no time, also one that comes while a batch gathers', async () => {
  const { log, appended } = opened({ isIdle: () => false })
  log.accepted(0, 0)
  await turn()
  expect(appended).toEqual([])
  await log.flush()
  expect(appended).toEqual([['accepted 1']])
  log.settled(outcome(0))
  await log.flush()
  expect(appended).toEqual([['accepted 1'], ['done 1']])
})

it('goes on after a time in which all that it gathered was written before', async () => {
  const { log, appended } = opened({ isIdle: () => true })
  log.accepted(0, 0)
  log.settled(outcome(0))
  log.taken([0])
  await turn()
  await vi.advanceTimersByTimeAsync(100)
  await turn()
  log.taken([])
  await vi.advanceTimersByTimeAsync(100)
  await turn()
  log.accepted(1, 1)
  log.settled(outcome(1))
  await turn()
  expect(appended).toEqual([
    ['accepted 1', 'done 1', 'taken 1'],
    ['accepted 1', 'done 1'],
  ])
})

function opened({ isIdle }: { isIdle(): boolean }) {
  const appended: string[][] = []
  const append = async (_: string, entries: readonly JournalEntry[]) => void appended.push(entries.map(inShort))
  const journal = { append } as unknown as Journal
  const failed = (error: unknown) => expect.unreachable(String(error))
  return { log: new RunLog({ journal, run: 'x', isIdle, written: () => undefined, failed }), appended }
}

const outcome = (number: number) => ({ number, raw: Buffer.of(number & 127) }) as unknown as Entry

function inShort(entry: JournalEntry): string {
  if (entry.kind === 'accepted') return `accepted ${entry.count}`
  if (entry.kind === 'failed') return 'failed'
  return `${entry.kind} ${entry.indexes.reduce((sum, [, count]) => sum + count, 0)}`
}

/** Some turns of the event loop, which is not simulated. */
async function turn(): Promise<void> {
  for (let n = 0; n < 5; n++) await new Promise((resolve) => setImmediate(resolve))
}
