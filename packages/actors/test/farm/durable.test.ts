/**
 * Maps that outlive their farm: the journal in memory stands for one on disk, and a farm that was stopped for one that was
 * killed. Both for real are in durable-death.test.ts.
 */
import { type Farm, type Journal, type JournalEntry, MemoryJournal, type ScannedEntry, task } from '@troupe/actors/farm'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { double, doubleLater, picky, transforms } from './fixtures/tasks.mjs'
import { collect, openFarm, range, TASKS, until } from './open-farm.js'

const open = (journal: Journal): Promise<Farm> => openFarm({ isolation: 'inline', tasks: TASKS, journal })

/** Takes so many outcomes of a map of a farm that then stops. */
async function takeSome(journal: Journal, count: number, inputs: Iterable<number>): Promise<number[]> {
  const farm = await open(journal)
  const values: number[] = []
  const results = farm.map(double, inputs)
  while (values.length < count) values.push((await results.next()).value as number)
  await farm.stop()
  return values
}

async function entriesOf(journal: Journal, run: string): Promise<ScannedEntry[]> {
  await journal.claim()
  await journal.open((await journal.runs()).find(({ name }) => name === run)!)
  const entries = await collect(journal.scan(run))
  await journal.close()
  return entries
}

const doubles = (count: number) => Array.from(range(count), (n) => n * 2)

describe('a map with a journal', () => {
  it('gives what one without gives, in order and as it comes', async () => {
    const farm = await open(new MemoryJournal())
    expect(await collect(farm.map(doubleLater, range(150)))).toEqual(doubles(150))
    const unordered = await collect(farm.mapUnordered(doubleLater, range(150)))
    expect(unordered.sort((a, b) => a - b)).toEqual(doubles(150))
  })

  it('gives the rest when it is begun again, but for the last that was given, and runs nothing that is done', async () => {
    const journal = new MemoryJournal()
    const first = await takeSome(journal, 300, range(2_000))
    const farm = await open(journal)
    const results = farm.map(double, range(2_000))
    const resumed = await results.resumed()
    expect(resumed).toMatchObject({ isNew: false, taken: 299 })
    expect([...first.slice(0, 299), ...(await collect(results))]).toEqual(doubles(2_000))
    expect(farm.stats().done).toBe(2_000 - resumed!.done)
  })

  it('gives nothing more once all was taken', async () => {
    const journal = new MemoryJournal()
    for (const wanted of [doubles(600), [], []]) {
      const farm = await open(journal)
      expect(await collect(farm.map(double, range(600)))).toEqual(wanted)
      await farm.stop()
    }
  })

  it('goes on where its input has grown', async () => {
    const journal = new MemoryJournal()
    for (const [length, given] of [
      [10, 0],
      [700, 10],
    ] as const) {
      const farm = await open(journal)
      expect(await collect(farm.map(double, range(length)))).toEqual(doubles(length).slice(given))
      await farm.stop()
    }
  })

  it.each([
    ['has changed', [0, 1, 77, ...range(500)], 2, /number 2 has changed \(its hash is \S+, and was \S+\)/],
    ['is missing at the end', [...range(100)], 100, /there are 100, and were \d+/],
  ] as const)('refuses an input that %s, and says which', async (_, inputs, index, message) => {
    const journal = new MemoryJournal()
    await takeSome(journal, 50, range(2_000))
    const farm = await open(journal)
    const error = await collect(farm.map(double, inputs)).catch((cause: unknown) => cause)
    expect(error).toMatchObject({ code: 'JOURNAL_MISMATCH', index, message: expect.stringMatching(message) })
    await farm.stop()
    const again = await open(journal)
    expect((await collect(again.map(double, range(2_000)))).at(-1)).toBe(3_998)
  })

  it('refuses a journal of another task, version or schema under its name, and says what differs', async () => {
    const journal = new MemoryJournal()
    await takeSome(journal, 1, range(10))
    const farm = await open(journal)
    const other = collect(farm.map(picky, [1], { name: 'double' }))
    await expect(other).rejects.toMatchObject({ code: 'JOURNAL_MISMATCH', message: expect.stringContaining('task') })
    const stricter = task({ ...double, input: z.number().max(5) })
    const changed = collect(farm.map(stricter, [1], { name: 'double' }))
    await expect(changed).rejects.toMatchObject({
      code: 'JOURNAL_MISMATCH',
      message: expect.stringContaining('schema'),
    })
  })

  it('refuses a second map of the same name while the first is under way, and a second farm', async () => {
    const journal = new MemoryJournal()
    const farm = await open(journal)
    const first = farm.map(double, range(10), { name: 'mine' })
    expect(() => farm.map(double, range(10), { name: 'mine' })).toThrow(
      expect.objectContaining({ code: 'JOURNAL_IN_USE' }),
    )
    await expect(open(journal)).rejects.toMatchObject({ code: 'JOURNAL_IN_USE' })
    expect(await collect(first)).toEqual(doubles(10))
    expect(await collect(farm.map(double, range(12), { name: 'mine' }))).toEqual([20, 22])
  })

  it('knows the second map of a task from the first', async () => {
    const journal = new MemoryJournal()
    for (const given of [
      [[0, 2], [6]],
      [[], []],
    ]) {
      const farm = await open(journal)
      expect([await collect(farm.map(double, [0, 1])), await collect(farm.map(double, [3]))]).toEqual(given)
      await farm.stop()
    }
  })

  it('has its outputs parsed again when they are given again: transforms run', async () => {
    const journal = new MemoryJournal()
    const farm = await open(journal)
    const results = farm.map(transforms, [{ n: 1 }, { n: 2 }], { acknowledge: 'manual' })
    expect(await collect(results)).toEqual(['<11>', '<12>'])
    await farm.stop()
    const again = await open(journal)
    expect(await collect(again.map(transforms, [{ n: 1 }, { n: 2 }]))).toEqual(['<11>', '<12>'])
    expect(again.stats().done).toBe(0)
  })
})

describe('a failure', () => {
  it('of a map that throws is run again by the next farm', async () => {
    const journal = new MemoryJournal()
    for (const _ of [1, 2]) {
      const farm = await open(journal)
      await expect(collect(farm.map(picky, [1, 2, -1, 3]))).rejects.toMatchObject({ code: 'TASK_FAILED' })
      expect(farm.stats().failed).toBe(1)
      await farm.stop()
    }
  })

  it('of a settled map is an outcome: given once, and again with its code and cause if it was not taken', async () => {
    const journal = new MemoryJournal()
    const farm = await open(journal)
    const options = { settled: true, acknowledge: 'manual' } as const
    const first = await collect(farm.map(picky, [1, -1, 404], options))
    await farm.stop()
    const again = await open(journal)
    const results = again.map(picky, [1, -1, 404], options)
    const second = await collect(results)
    expect(second.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected'])
    const reasons = (all: typeof first) =>
      all.map((one) => one.status === 'rejected' && [(one.reason as { code?: string }).code, one.reason.message])
    expect(reasons(second)).toEqual(reasons(first))
    expect(again.stats().failed).toBe(0)
    await results.acknowledge()
    await again.stop()
    const last = await open(journal)
    expect(await collect(last.map(picky, [1, -1, 404], options))).toEqual([])
  })
})

describe('a taker that acknowledges by itself', () => {
  it('finds its note again, and is given all that came after', async () => {
    const journal = new MemoryJournal()
    const farm = await open(journal)
    const results = farm.map(double, range(100), { acknowledge: 'manual' })
    for (let n = 0; n < 20; n++) await results.next()
    await results.acknowledge('twenty')
    for (let n = 0; n < 20; n++) await results.next()
    await farm.stop()
    const again = (await open(journal)).map(double, range(100), { acknowledge: 'manual' })
    const resumed = await again.resumed()
    expect(resumed).toMatchObject({ taken: 20, note: 'twenty' })
    expect([resumed!.isTaken(19), resumed!.isTaken(20)]).toEqual([true, false])
    expect(await collect(again)).toEqual(doubles(100).slice(20))
  })

  it('means what was given until it says so, not what is given while that is being written', async () => {
    const journal = new MemoryJournal()
    const farm = await open(journal)
    const results = farm.map(double, range(100), { acknowledge: 'manual' })
    await results.next()
    await until(() => farm.stats().done === 100)
    const acknowledged = results.acknowledge('one')
    await Promise.all([acknowledged, results.next()])
    await farm.stop()
    const again = (await open(journal)).map(double, range(100), { acknowledge: 'manual' })
    expect(await again.resumed()).toMatchObject({ taken: 1, note: 'one' })
  })
})

it('a map that is drained reads no more, gives what it has begun, and is gone on with later', async () => {
  const journal = new MemoryJournal()
  const farm = await open(journal)
  const results = farm.map(double, range(1_000_000))
  const first = [(await results.next()).value as number]
  results.drain()
  first.push(...(await collect(results)))
  expect(first).toEqual(doubles(first.length))
  await farm.stop()
  const again = await open(journal)
  expect([...first, ...(await collect(again.map(double, range(3_000))))]).toEqual(doubles(3_000))
})

it('a reader that breaks off is given what it had not taken by the next farm', async () => {
  const journal = new MemoryJournal()
  const farm = await open(journal)
  for await (const value of farm.map(double, range(100))) if (value === 20) break
  await farm.stop()
  const again = await open(journal)
  expect(await collect(again.map(double, range(100)))).toEqual(doubles(100).slice(10))
})

it('what is written of a run that has ended is no more than its indexes', async () => {
  const journal = new MemoryJournal()
  const farm = await open(journal)
  await collect(farm.map(double, range(5_000)))
  await farm.stop()
  const entries = await entriesOf(journal, 'double')
  expect(entries.filter(({ kind }) => kind !== 'accepted')).toHaveLength(2)
})

/** A journal whose disk is full after so many entries. */
class FullJournal extends MemoryJournal {
  left: number

  constructor(left: number) {
    super()
    this.left = left
  }

  override async append(run: string, entries: readonly JournalEntry[]): Promise<void> {
    this.left -= entries.length
    if (this.left < 0) throw Object.assign(new Error('no space left'), { code: 'JOURNAL_FAILED' })
    await super.append(run, entries)
  }
}

it('a journal that cannot be written ends its map with the reason; what had counted is given on', async () => {
  const journal = new FullJournal(20)
  const farm = await open(journal)
  const given: number[] = []
  const run = (async () => {
    for await (const value of farm.map(double, range(100_000))) given.push(value)
  })()
  await expect(run).rejects.toMatchObject({ code: 'JOURNAL_FAILED' })
  await farm.stop()
  journal.left = Number.POSITIVE_INFINITY
  const again = await open(journal)
  const results = again.map(double, range(10_000))
  const { taken } = (await results.resumed())!
  expect(taken).toBeLessThanOrEqual(given.length)
  expect([...given.slice(0, taken), ...(await collect(results))]).toEqual(doubles(10_000))
})
