import { type Progress, task } from '@troupe/actors/farm'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import * as tasks from './fixtures/stream-tasks.mjs'
import * as plain from './fixtures/tasks.mjs'
import { collect, GROUNDS, openFarm, range, sharedFarm, until } from './open-farm.js'

const TASKS = new URL('./fixtures/stream-tasks.mjs', import.meta.url)
const upTo = (count: number) => [...range(count)]

const fault = () => {
  throw new Error('the callback')
}
const FAULTY = [
  ['throws', fault],
  ['rejects', async () => fault()],
] as const

/** The parts of a stream and how it ended. */
async function readAll(parts: AsyncIterable<unknown>): Promise<{ got: unknown[]; error?: unknown }> {
  const got: unknown[] = []
  try {
    for await (const part of parts) got.push(part)
    return { got }
  } catch (error) {
    return { got, error }
  }
}

describe.each(GROUNDS)('a farm of %s', (_name, ground) => {
  const running = sharedFarm({ ...ground, tasks: TASKS, workers: 1 })

  it.each([[0], [1], [7], [5_000]])('gives all parts in order, then the output: %i parts', async (count) => {
    const stream = running().stream(tasks.count, { count })
    expect(await collect(stream)).toEqual(upTo(count))
    expect(await stream.result).toEqual({ count, attempt: 1 })
    expect(await stream.next()).toEqual({ done: true, value: undefined })
  })

  it('runs the transforms of both schemas once', async () => {
    const stream = running().stream(tasks.transforms, 5)
    expect(await collect(stream)).toEqual(['<5>'])
    expect(await stream.result).toBe('<6>')
  })

  it('gives the parts before an error in the middle, then the error', async () => {
    const stream = running().stream(tasks.count, { count: 50, at: 30, deed: 'throw' })
    expect(await readAll(stream)).toMatchObject({ got: upTo(30), error: { code: 'TASK_FAILED', attempt: 1 } })
    await expect(stream.result).rejects.toMatchObject({ code: 'TASK_FAILED' })
  })

  it.each(['misfit', 'unencodable'] as const)('fails at a part that is %s, after those before it', async (deed) => {
    const { got, error } = await readAll(running().stream(tasks.count, { count: 50, at: 30, deed }))
    expect(error).toMatchObject({ code: 'INVALID_OUTPUT', message: expect.stringContaining('part') })
    expect(got).toEqual(upTo(30))
  })

  it('tries again by itself while no part was taken, and by onRestart when one was', async () => {
    const farm = running()
    const fails = { count: 6, at: 4, deed: 'throw' } as const
    const untaken = farm.stream(tasks.count, fails, { retries: 1 })
    expect(await untaken.result).toEqual({ count: 6, attempt: 2 })
    expect(await collect(untaken)).toEqual(upTo(6))

    const refused = await readAll(farm.stream(tasks.count, { ...fails, count: 3_000, at: 2_000 }, { retries: 1 }))
    expect(refused).toMatchObject({ got: upTo(2_000), error: { code: 'TASK_FAILED', attempt: 1 } })

    let got: number[] = []
    const attempts: number[] = []
    const onRestart = (attempt: number) => {
      attempts.push(attempt)
      got = []
    }
    const again = farm.stream(tasks.count, { ...fails, count: 3_000, at: 2_000 }, { retries: 1, onRestart })
    for await (const part of again) got.push(part)
    expect({ got, attempts }).toEqual({ got: upTo(3_000), attempts: [2] })
  })

  it('stops a generator whose parts nobody takes, and ends it when its reader breaks off', async () => {
    const farm = running()
    const ended = (await farm.submit(tasks.probe, null)).ended
    const stream = farm.stream(tasks.endless, { bytes: 100 })
    for (let n = 0; n < 100; n++) await stream.next()
    await stream.return?.()
    await expect(stream.result).rejects.toMatchObject({ code: 'ABORTED' })
    const after = await farm.submit(tasks.probe, null)
    expect(after.ended).toBe(ended + 1)
    expect(after.yielded).toBeGreaterThan(100)
    expect(after.yielded).toBeLessThanOrEqual(100 + 256 + 1)
  })

  it('lets large parts run ahead only by a few mebibytes', async () => {
    const stream = running().stream(tasks.endless, { bytes: 1 << 20 })
    for (let n = 0; n < 40; n++) await stream.next()
    await stream.return?.()
    expect((await running().submit(tasks.probe, null)).yielded).toBeLessThanOrEqual(40 + 8 + 1)
  })

  it('ends a generator that waits when its signal aborts', async () => {
    const aborter = new AbortController()
    const stream = running().stream(tasks.count, { count: 5, at: 3, deed: 'wait' }, { signal: aborter.signal })
    expect([await stream.next(), await stream.next()].map(({ value }) => value)).toEqual([0, 1])
    aborter.abort(new Error('enough'))
    expect((await readAll(stream)).error).toMatchObject({ code: 'ABORTED' })
    expect(await running().submit(tasks.probe, null)).toBeDefined()
  })

  it('runs a task that gives parts for whoever wants its output only', async () => {
    expect(await running().submit(tasks.count, { count: 3_000 })).toEqual({ count: 3_000, attempt: 1 })
    const outputs = await collect(running().map(tasks.count, [{ count: 2 }, { count: 3 }]))
    expect(outputs.map(({ count }) => count)).toEqual([2, 3])
  })

  it('tells a map the parts of each try of each input, in order', async () => {
    const told: (readonly [index: number, attempt: number, part: number])[] = []
    const inputs = [{ count: 1_000 }, { count: 20, at: 10, deed: 'throw' as const }, { count: 0 }]
    const onPartial = (part: number, { index, attempt }: { index: number; attempt: number }) => {
      told.push([index, attempt, part])
    }
    const outputs = await collect(running().map(tasks.count, inputs, { onPartial, retries: 1, settled: false }))
    expect(outputs.map(({ attempt }) => attempt)).toEqual([1, 2, 1])
    const of = (index: number, attempt: number) => told.filter(([i, a]) => i === index && a === attempt)
    expect(of(0, 1).map(([, , part]) => part)).toEqual(upTo(1_000))
    expect(of(1, 1).map(([, , part]) => part)).toEqual(upTo(10))
    expect(of(1, 2).map(([, , part]) => part)).toEqual(upTo(20))
    const second = told.filter(([index]) => index === 1).map(([, attempt]) => attempt)
    expect(second).toEqual([...second].sort())
  })

  it.each(FAULTY)('fails a task whose callback %s', async (_how, callback) => {
    const farm = running()
    const inputs = [{ count: 5, at: 3, deed: 'wait' as const }]
    await expect(collect(farm.map(tasks.count, inputs, { onPartial: callback }))).rejects.toThrow('the callback')
    const strides = farm.submit(tasks.strides, { steps: 1_000, forMs: 700 }, { onProgress: callback })
    await expect(strides).rejects.toThrow('the callback')
    const again = { count: 3_000, at: 2_000, deed: 'throw' as const }
    const { error } = await readAll(farm.stream(tasks.count, again, { retries: 1, onRestart: callback }))
    expect(error).toMatchObject({ message: 'the callback' })
  })

  it('tells the newest progress a few times a second, of a task that leaves its event loop no turn too', async () => {
    const told: Progress[] = []
    const onProgress = (progress: Progress, facts: unknown) => {
      expect(facts).toMatchObject({ attempt: 1 })
      told.push(progress)
    }
    await running().submit(tasks.strides, { steps: 1_000, forMs: 700 }, { onProgress })
    const done = told.map((progress) => (typeof progress === 'number' ? progress : progress.done))
    expect(done).toEqual([...done].sort((a, b) => a - b))
    expect(done.length).toBeGreaterThanOrEqual(2)
    expect(done.length).toBeLessThanOrEqual(6)
    expect(told.at(-1)).toEqual({ done: 1_000, total: 1_000, note: 'step 1000' })
  })

  it('refuses what is no progress, whether anybody listens or not', async () => {
    for (const value of [-1, 2, Number.NaN, 'half', { done: 1 }, null]) {
      const failed = running().submit(tasks.badProgress, value)
      await expect(failed).rejects.toMatchObject({ code: 'TASK_FAILED', cause: { code: 'INVALID_OPTIONS' } })
    }
  })
})

it.each(GROUNDS.slice(0, 2))(
  'a death in the middle of a stream, %s: its parts stay or begin anew',
  async (_n, ground) => {
    const farm = await openFarm({ ...ground, tasks: TASKS })
    const dies = { count: 40, at: 20, deed: 'die' } as const
    const lost = farm.stream(tasks.count, dies)
    expect(await readAll(lost)).toMatchObject({ got: upTo(20), error: { code: 'WORKER_LOST' } })
    let got: number[] = []
    const onRestart = () => {
      got = []
    }
    const again = farm.stream(tasks.count, dies, { onRestart })
    for await (const part of again) got.push(part)
    expect(got).toEqual(upTo(40))
    expect(await again.result).toEqual({ count: 40, attempt: 2 })
    await until(() => farm.stats().workers.every(({ state }) => state === 'idle'))
  },
)

it('a stream of a task without parts is refused, as is a generator without a schema, by the compiler too', async () => {
  const farm = await openFarm({ isolation: 'inline' })
  // @ts-expect-error it has no `partial`
  expect(() => farm.stream(plain.double, 1)).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS' }))
  const [input, output, partial] = [z.number(), z.number(), z.string()]
  async function* parts() {
    yield 'a'
    return 1
  }
  task({ name: 'good', input, output, partial, run: parts })
  // @ts-expect-error it has no `partial`
  task({ name: 'noSchema', input, output, run: parts })
  // @ts-expect-error it gives no parts
  task({ name: 'noParts', input, output, partial, run: (n) => n })
  // @ts-expect-error its parts are no numbers
  task({ name: 'otherParts', input, output, partial: z.number(), run: parts })
})
