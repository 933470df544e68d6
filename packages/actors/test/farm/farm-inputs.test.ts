/**
 * Where the inputs of a map come from: whatever can be read one by one, and let go of.
 */
import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { ReadableStream } from 'node:stream/web'
import { MemoryJournal } from '@troupe/actors/farm'
import { describe, expect, it } from 'vitest'
import * as tasks from './fixtures/tasks.mjs'
import { collect, isIdle, range, sharedFarm, until } from './open-farm.js'

interface Watched {
  read: number
  released: boolean
}

/** A source of `count` numbers that then ends, fails with what `last` throws, or waits for ever. */
interface Terms {
  readonly count: number
  readonly last?: () => Promise<void>
}

const fails = () => Promise.reject(new Error('the input broke'))
const waits = () => new Promise<void>(() => undefined)

async function* numbers(seen: Watched, { count, last }: Terms): AsyncGenerator<number> {
  try {
    for (const n of range(count)) {
      seen.read++
      yield n
    }
    await last?.()
  } finally {
    seen.released = true
  }
}

function nodeStream(seen: Watched, { count, last }: Terms): Readable {
  return new Readable({
    objectMode: true,
    highWaterMark: 1,
    read() {
      if (seen.read < count) setImmediate(() => this.push(seen.read++))
      else
        (last?.() ?? Promise.resolve()).then(
          () => this.push(null),
          (error) => this.destroy(error),
        )
    },
    destroy(error, done) {
      seen.released = true
      done(error)
    },
  })
}

function webStream(seen: Watched, { count, last }: Terms): ReadableStream<number> {
  const source = {
    async pull(controller: { enqueue(n: number): void; close(): void }) {
      if (seen.read < count) return controller.enqueue(seen.read++)
      await last?.()
      controller.close()
    },
    cancel() {
      seen.released = true
    },
  }
  return new ReadableStream(source, { highWaterMark: 0 })
}

const SOURCES = [
  ['an async generator', numbers],
  ['a Readable of Node', nodeStream],
  ['a ReadableStream of the web', webStream],
] as const

describe.each(SOURCES)('a map of %s', (name, make) => {
  const running = sharedFarm({ isolation: 'inline', reorderWindow: 100 })
  const open = (terms: Terms) => {
    const seen: Watched = { read: 0, released: false }
    return { seen, inputs: make(seen, terms) }
  }
  const endless = { count: Number.POSITIVE_INFINITY }

  it('gives an output for each, in order', async () => {
    const { inputs } = open({ count: 1_000 })
    expect(await collect(running().map(tasks.double, inputs))).toEqual(Array.from(range(1_000), (n) => n * 2))
  })

  it('reads no more than its window while nobody takes the outputs', async () => {
    const { seen, inputs } = open(endless)
    const results = running().map(tasks.double, inputs)
    for (let taken = 1; taken <= 300; taken++) {
      await results.next()
      expect(seen.read).toBeLessThanOrEqual(taken + 102)
    }
    await results.return?.()
  })

  it('gives the outputs before an error of the source, then the error', async () => {
    const { inputs } = open({ count: 30, last: fails })
    const got: number[] = []
    await expect(async () => {
      for await (const output of running().map(tasks.double, inputs)) got.push(output)
    }).rejects.toThrow('the input broke')
    expect(got).toEqual(Array.from(range(30), (n) => n * 2))
  })

  it('lets go of the source when the reader breaks off', async () => {
    const { seen, inputs } = open(endless)
    for await (const output of running().map(tasks.double, inputs)) if (output === 40) break
    await until(() => seen.released && isIdle(running()))
    expect(seen.read).toBeLessThan(1_000)
  })

  it.each([
    ['the reader breaks off', async (results: AsyncIterableIterator<number>) => void (await results.return?.())],
    [
      'its signal aborts',
      async (results: AsyncIterableIterator<number>, aborter: AbortController) => {
        const next = results.next()
        aborter.abort()
        await expect(next).rejects.toMatchObject({ code: 'ABORTED' })
      },
    ],
  ])('ends at once when %s while the source has nothing to give', async (_, end) => {
    const { seen, inputs } = open({ count: 3, last: waits })
    const aborter = new AbortController()
    const results = running().map(tasks.double, inputs, { signal: aborter.signal })
    for (const output of [0, 2, 4]) expect((await results.next()).value).toBe(output)
    await end(results, aborter)
    expect(await results.next()).toEqual({ done: true, value: undefined })
    // A generator can only be let go of when it has given what it is at.
    expect(seen.released).toBe(name !== 'an async generator')
  })

  it('is drained while the source has nothing to give', async () => {
    const { inputs } = open({ count: 3, last: waits })
    const results = running().map(tasks.double, inputs)
    const outputs = [(await results.next()).value]
    results.drain()
    outputs.push(...(await collect(results)))
    expect(outputs).toEqual([0, 2, 4].slice(0, outputs.length))
  })
})

describe('a map', () => {
  const running = sharedFarm({ isolation: 'inline', journal: new MemoryJournal() })

  it('tells the error of a stream that fails before it is read, and after its journal was', async () => {
    const missing = createReadStream('/nowhere/nothing', { encoding: 'utf8' })
    const results = running().map(tasks.anything, missing)
    await finished(missing).catch(() => undefined)
    await results.resumed()
    await expect(results.next()).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('tells the error of its task when the source cannot be let go of too; of one that only ends, that of the source', async () => {
    function* held(inputs: readonly number[]) {
      try {
        yield* inputs
        yield* range(1_000_000)
      } finally {
        // biome-ignore lint/correctness/noUnsafeFinally: what is tested
        throw new Error('it is stuck')
      }
    }
    const settings = { name: 'failing' }
    await expect(collect(running().map(tasks.picky, held([-1]), settings))).rejects.toMatchObject({
      code: 'TASK_FAILED',
    })
    const results = running().map(tasks.picky, held([1]), { name: 'ending' })
    await results.next()
    await expect(results.return?.()).rejects.toThrow('it is stuck')
    expect(running().map(tasks.picky, [], { name: 'ending' })).toBeDefined()
  })

  it('that is refused since another of its name is under way leaves its source as it was', async () => {
    const named = { name: 'under way' }
    const first = running().map(tasks.double, range(3), named)
    const web = new ReadableStream<number>({ start: (controller) => controller.enqueue(1) })
    const node = Readable.from([1, 2])
    for (const inputs of [web, node]) {
      expect(() => running().map(tasks.double, inputs, named)).toThrow(
        expect.objectContaining({ code: 'JOURNAL_IN_USE' }),
      )
    }
    expect([web.locked, node.listenerCount('error'), node.destroyed]).toEqual([false, 0, false])
    expect(await collect(running().map(tasks.double, node, { name: 'after it' }))).toEqual([2, 4])
    await first.return?.()
  })

  it.each([
    ['nothing', undefined, 'undefined'],
    ['a number', 5, '5'],
    ['a promise', Promise.resolve([1]), 'a Promise'],
    ['an object', { length: 3 }, 'a Object'],
  ])('of %s is refused', (_, inputs, what) => {
    expect(() => running().map(tasks.double, inputs as never)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTIONS', message: expect.stringContaining(`and is ${what}`) }),
    )
  })
})
