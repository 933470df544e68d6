/**
 * Durable maps whose journal, inputs or options are not what they should be, and values of every kind.
 */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Farm, type FarmOptions, type MapResults, MemoryJournal } from '@troupe/actors/farm'
import { describe, expect, it } from 'vitest'
import * as tasks from './fixtures/tasks.mjs'
import { temporaryFolder } from './journal/temporary-folder.js'
import { collect, openFarm, range } from './open-farm.js'

const doubles = (count: number) => Array.from(range(count), (n) => n * 2)
const open = (journal: FarmOptions['journal'], more: Partial<FarmOptions> = {}): Promise<Farm> =>
  openFarm({ isolation: 'inline', journal: journal!, ...more })

async function take<Value>(results: MapResults<Value>, count: number): Promise<Value[]> {
  const values: Value[] = []
  while (values.length < count) values.push((await results.next()).value as Value)
  return values
}

/** Maps in one farm that then stops. */
async function inOneLife<Value>(journal: FarmOptions['journal'], live: (farm: Farm) => Promise<Value>): Promise<Value> {
  const farm = await open(journal)
  try {
    return await live(farm)
  } finally {
    await farm.stop()
  }
}

describe('a farm does not start with a journal that is', () => {
  it.each<[string, (folder: string) => string]>([
    [
      'a file',
      (folder) => {
        writeFileSync(join(folder, 'file'), 'x')
        return join(folder, 'file')
      },
    ],
    [
      'below a file',
      (folder) => {
        writeFileSync(join(folder, 'file'), 'x')
        return join(folder, 'file', 'journal')
      },
    ],
    [
      'a folder of something else',
      (folder) => {
        mkdirSync(join(folder, 'other'))
        writeFileSync(join(folder, 'other', 'x'), '')
        return join(folder, 'other')
      },
    ],
  ])('%s, and says which', async (_, make) => {
    const path = make(temporaryFolder())
    await expect(open(path)).rejects.toMatchObject({
      code: 'JOURNAL_UNREADABLE',
      message: expect.stringContaining(path),
    })
  })

  it.skipIf(process.getuid?.() === 0)('in a folder that may not be written, and says which', async () => {
    const sealed = join(temporaryFolder(), 'sealed')
    mkdirSync(sealed, { mode: 0o500 })
    await expect(open(join(sealed, 'journal'))).rejects.toMatchObject({
      code: 'JOURNAL_UNREADABLE',
      message: expect.stringContaining(`${join(sealed, 'journal')} cannot be read: EACCES`),
    })
  })

  it.each([
    ['a number', 5],
    ['an empty path', ''],
    ['an empty path of an object', { path: '' }],
    ['of an option that there is not', { path: 'x', fsync: true }],
  ])('%s', async (_, journal) => {
    await expect(open(journal as never)).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
      message: expect.stringContaining('journal'),
    })
  })
})

it.each([
  ['an empty name', { name: '' }],
  ['a name that is too long', { name: 'x'.repeat(201) }],
  ['an acknowledge that there is not', { acknowledge: 'sometimes' }],
])('a durable map refuses %s', async (_, options) => {
  const farm = await open(new MemoryJournal())
  expect(() => farm.map(tasks.double, [1], options as never)).toThrow(
    expect.objectContaining({ code: 'INVALID_OPTIONS', message: expect.stringContaining(Object.keys(options)[0]!) }),
  )
})

describe('a source that throws while known inputs are read again', () => {
  it.each([0, 1, 100, 299])(
    'after %i of them comes out after the outputs before it, and the next farm goes on',
    async (count) => {
      const journal = new MemoryJournal()
      await inOneLife(journal, (farm) => take(farm.map(tasks.double, range(1_000), { acknowledge: 'manual' }), 300))
      function* broken() {
        yield* range(count)
        throw new Error('the input broke')
      }
      const got: number[] = []
      await inOneLife(journal, async (farm) => {
        const reading = (async () => {
          for await (const output of farm.map(tasks.double, broken(), { acknowledge: 'manual' })) got.push(output)
        })()
        await expect(reading).rejects.toThrow('the input broke')
      })
      expect(got).toEqual(doubles(got.length))
      expect(got.length).toBeLessThanOrEqual(count)
      expect(await inOneLife(journal, (farm) => collect(farm.map(tasks.double, range(1_000))))).toEqual(doubles(1_000))
    },
  )
})

describe('a durable map', () => {
  it('may be read in order in one life and as it comes in the next, with failures as outcomes or not', async () => {
    const journal = new MemoryJournal()
    const inputs = [1, -1, 2, 3, 404, 4]
    const settled = { settled: true } as const
    const first = await inOneLife(journal, (farm) => take(farm.mapUnordered(tasks.picky, inputs, settled), 3))
    const second = await inOneLife(journal, (farm) => collect(farm.map(tasks.picky, inputs, settled)))
    const taken = first.slice(0, 2).map(({ index }) => index)
    expect([...taken, ...second.map(({ index }) => index)].sort()).toEqual([0, 1, 2, 3, 4, 5])
    expect(await inOneLife(journal, (farm) => collect(farm.map(tasks.picky, inputs)))).toEqual([])
  })

  it('has equal inputs as often as they come, also under one key', async () => {
    const journal = new MemoryJournal()
    const inputs = Array<number>(200).fill(7)
    const options = { key: () => 'one' }
    const first = await inOneLife(journal, (farm) => take(farm.map(tasks.double, inputs, options), 50))
    const second = await inOneLife(journal, (farm) => collect(farm.map(tasks.double, inputs, options)))
    expect([first.length - 1 + second.length, new Set([...first, ...second])]).toEqual([200, new Set([14])])
  })

  it('knows values of every kind again, and gives them again', async () => {
    const journal = temporaryFolder()
    const values = [
      ...[undefined, null, '', 'ü', 0, -1, Number.NaN, Number.POSITIVE_INFINITY, 2n ** 60n, true, [], {}],
      ...[new Date(0), new Map([['a', 1]]), { n: { m: [1, undefined] } }, Buffer.from('abc'), Buffer.alloc(100_000, 7)],
    ]
    const inputs = () => values.map((give) => ({ give }))
    const options = { acknowledge: 'manual' } as const
    for (const ran of [values.length, 0]) {
      await inOneLife(journal, async (farm) => {
        expect(await collect(farm.map(tasks.give, inputs(), options))).toEqual(values)
        expect(farm.stats().done).toBe(ran)
      })
    }
  })

  it('sees a change of one byte in a binary input', async () => {
    const journal = temporaryFolder()
    const bytes = () => [Buffer.alloc(50_000, 1), Buffer.alloc(50_000, 2), new Uint8Array(50_000).fill(3)]
    await inOneLife(journal, (farm) => take(farm.map(tasks.anything, bytes(), { acknowledge: 'manual' }), 1))
    const changed = bytes()
    changed[1]![49_999] = 9
    await inOneLife(journal, async (farm) => {
      const error = await collect(farm.map(tasks.anything, changed)).catch((cause: unknown) => cause)
      expect(error).toMatchObject({ code: 'JOURNAL_MISMATCH', index: 1 })
    })
    expect(await inOneLife(journal, (farm) => collect(farm.map(tasks.anything, bytes())))).toEqual([
      50_000, 50_000, 50_000,
    ])
  })

  it('gives binary outputs that share no memory, new and again', async () => {
    const journal = temporaryFolder()
    const inputs = [1, 2, 3].map((n) => ({ give: Buffer.alloc(10_000, n) }))
    const options = { acknowledge: 'manual' } as const
    for (const _ of ['new', 'again']) {
      const outputs = await inOneLife(journal, (farm) => collect(farm.map(tasks.give, inputs, options)))
      expect(new Set((outputs as Buffer[]).map(({ buffer }) => buffer)).size).toBe(3)
    }
  })

  it('keeps outputs of 10 MiB', async () => {
    const journal = temporaryFolder()
    const inputs = Array.from(range(5), (n) => ({ n, bytes: 10 << 20 }))
    const options = { acknowledge: 'manual' } as const
    const heads = (outputs: { text: string }[]) => outputs.map(({ text }) => text.length > 10 << 20 && text.slice(0, 3))
    for (const ran of [5, 0]) {
      const farm = await openFarm({ journal })
      expect(heads(await collect(farm.map(tasks.unsteady, inputs, options)))).toEqual([
        '0 x',
        '1 x',
        '2 x',
        '3 x',
        '4 x',
      ])
      expect(farm.stats().done).toBe(ran)
      await farm.stop()
    }
  })

  it('has an input that cannot be encoded as a failure, and knows it again', async () => {
    const journal = new MemoryJournal()
    const inputs = () => [1, () => 1, 2n ** 100n, 2]
    const options = { settled: true, acknowledge: 'manual' } as const
    for (const _ of ['new', 'again']) {
      const outcomes = await inOneLife(journal, (farm) => collect(farm.map(tasks.anything, inputs(), options)))
      expect(outcomes).toMatchObject([
        { status: 'fulfilled' },
        { reason: { code: 'INVALID_INPUT' } },
        { reason: { code: 'INVALID_INPUT' } },
        { status: 'fulfilled' },
      ])
    }
  })

  it('of no input at all is done, and stays so', async () => {
    const journal = temporaryFolder()
    for (const isNew of [true, false]) {
      await inOneLife(journal, async (farm) => {
        const results = farm.map(tasks.double, [])
        expect(await results.resumed()).toMatchObject({ isNew, accepted: 0, taken: 0 })
        expect(await collect(results)).toEqual([])
      })
    }
    expect(readdirSync(journal).length).toBeGreaterThan(0)
  })

  it('that was aborted, drained or broken off while known inputs are read again is gone on with', async () => {
    const journal = new MemoryJournal()
    const options = { acknowledge: 'manual' } as const
    await inOneLife(journal, (farm) => take(farm.map(tasks.double, range(5_000), options), 1_000))
    const ends: ((results: MapResults<number>, aborter: AbortController) => unknown)[] = [
      (_, aborter) => aborter.abort(),
      (results) => results.drain(),
      (results) => results.return?.(),
    ]
    for (const end of ends) {
      await inOneLife(journal, async (farm) => {
        const aborter = new AbortController()
        const results = farm.map(tasks.double, range(5_000), { ...options, signal: aborter.signal })
        const [first] = await take(results, 1)
        await end(results, aborter)
        const rest = await collect(results).catch((error: unknown) => [error])
        expect([first, rest.length < 5_000]).toEqual([0, true])
      })
    }
    expect(await inOneLife(journal, (farm) => collect(farm.map(tasks.double, range(5_000))))).toEqual(doubles(5_000))
  })

  it('rejects what is acknowledged when the farm has stopped', async () => {
    const farm = await open(temporaryFolder())
    const results = farm.map(tasks.double, range(10), { acknowledge: 'manual' })
    await collect(results)
    await farm.stop()
    await expect(results.acknowledge()).rejects.toMatchObject({ code: 'CLOSED' })
  })
})
