import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import * as tasks from './fixtures/tasks.mjs'
import { collect, GROUNDS, isIdle, openFarm, range, sharedFarm, until } from './open-farm.js'

describe.each(GROUNDS)('a farm of %s', (_name, ground) => {
  const running = sharedFarm({ ...ground, backoff: { minMs: 1 } })

  it('gives the outputs of map in the order of the inputs', async () => {
    const farm = running()
    const outputs = await collect(farm.map(tasks.doubleLater, range(200)))
    expect(outputs).toEqual([...range(200)].map((n) => n * 2))
  })

  it('gives each output of mapUnordered once', async () => {
    const farm = running()
    const outputs = await collect(farm.mapUnordered(tasks.doubleLater, range(200)))
    expect(outputs.sort((a, b) => a - b)).toEqual([...range(200)].map((n) => n * 2))
  })

  it('gives a submit its own output', async () => {
    const farm = running()
    const outputs = await Promise.all([...range(500)].map((n) => farm.submit(tasks.double, n)))
    expect(outputs).toEqual([...range(500)].map((n) => n * 2))
  })

  it('maps an asynchronous input', async () => {
    const farm = running()
    async function* inputs() {
      for (const n of range(50)) {
        if (n % 10 === 0) await delay(1)
        yield n
      }
    }
    expect(await collect(farm.map(tasks.double, inputs()))).toEqual([...range(50)].map((n) => n * 2))
  })

  it('runs defaults and transforms of the schemas once, at the receiver', async () => {
    const farm = running()
    expect(await farm.submit(tasks.transforms, { n: 1 })).toBe('<11>')
  })

  it('runs several maps and submits at a time', async () => {
    const farm = running()
    const [one, two, three] = await Promise.all([
      collect(farm.map(tasks.double, range(300))),
      collect(farm.map(tasks.doubleLater, range(100))),
      farm.submit(tasks.double, 21),
    ])
    expect([one.length, two.length, three]).toEqual([300, 100, 42])
  })

  it('gives nothing for an empty input', async () => {
    const farm = running()
    expect(await collect(farm.map(tasks.double, []))).toEqual([])
  })

  it('tries a failed task again as often as it is told, and counts it', async () => {
    const farm = running()
    const { retried, done, failed } = farm.stats()
    expect(await farm.submit(tasks.stubborn, 1, { retries: 2 })).toBe(3)
    expect(farm.stats()).toMatchObject({ retried: retried + 2, done: done + 1, failed })
    await expect(farm.submit(tasks.stubborn, 1, { retries: 1 })).rejects.toMatchObject({
      code: 'TASK_FAILED',
      attempt: 2,
    })
  })

  it('names task, key and try of a failed task, and keeps the error of the worker with its stack', async () => {
    const farm = running()
    const error = await farm.submit(tasks.picky, -1).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'TASK_FAILED', task: 'picky', key: 'number -1', attempt: 1 })
    expect(error).toMatchObject({
      cause: { name: 'RangeError', message: 'negative', cause: { message: 'the root of it' } },
    })
    expect((error as Error & { cause: Error }).cause.stack).toContain('tasks.mjs')
  })

  it('throws at the first failure of a map, after the outputs before it, and cancels the rest', async () => {
    const farm = running()
    const got: number[] = []
    await expect(async () => {
      for await (const n of farm.map(tasks.picky, [1, 2, -3, ...range(1_000)])) got.push(n)
    }).rejects.toMatchObject({ code: 'TASK_FAILED', key: 'number -3' })
    expect(got).toEqual([1, 2])
    await until(() => isIdle(farm))
    expect(await farm.submit(tasks.double, 1)).toBe(2)
  })

  it('gives every outcome of a settled map, with its index and input', async () => {
    const farm = running()
    const outcomes = await collect(farm.map(tasks.picky, [1, -2, 404, 4], { settled: true }))
    expect(outcomes).toMatchObject([
      { status: 'fulfilled', index: 0, input: 1, value: 1 },
      { status: 'rejected', index: 1, input: -2, reason: { code: 'TASK_FAILED' } },
      { status: 'rejected', index: 2, input: 404, reason: { code: 'INVALID_OUTPUT', task: 'picky' } },
      { status: 'fulfilled', index: 3, input: 4, value: 4 },
    ])
  })

  it('aborts the signal of a task that runs out of time', async () => {
    const farm = running()
    await expect(farm.submit(tasks.wait, 60_000, { timeoutMs: 30 })).rejects.toMatchObject({
      code: 'TIMEOUT',
      timeoutMs: 30,
    })
  })

  it('aborts the signal of a task that is cancelled, and rejects its caller at once', async () => {
    const farm = running()
    const { cancelled } = farm.stats()
    const aborter = new AbortController()
    const waiting = farm.submit(tasks.wait, 60_000, { signal: aborter.signal })
    await until(() => farm.stats().held === 1)
    aborter.abort(new Error('changed my mind'))
    await expect(waiting).rejects.toMatchObject({
      code: 'ABORTED',
      name: 'AbortError',
      cause: { message: 'changed my mind' },
    })
    await until(() => farm.stats().held === 0)
    expect(farm.stats()).toMatchObject({ restarts: 0, cancelled: cancelled + 1 })
  })

  it('rejects a submit whose signal had aborted before, and does not count it among what it has to do', async () => {
    const farm = running()
    const { done } = farm.stats()
    await expect(farm.submit(tasks.double, 1, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'ABORTED',
    })
    expect(farm.stats()).toMatchObject({ done, pending: 0, held: 0 })
  })

  it('ends a map whose signal aborts', async () => {
    const farm = running()
    const aborter = new AbortController()
    const run = farm.map(tasks.wait, Array(10).fill(60_000), { signal: aborter.signal })
    const next = run.next()
    await until(() => farm.stats().held > 0)
    aborter.abort()
    await expect(next).rejects.toMatchObject({ code: 'ABORTED' })
    await until(() => farm.stats().held === 0)
  })

  it('runs as many tasks at once in a worker as its concurrency says', async () => {
    const farm = await openFarm({ ...ground, workers: 1, concurrency: 8 })
    // Each waits until eight are there.
    expect(await collect(farm.map(tasks.together, Array(8).fill(8)))).toEqual(Array(8).fill(8))
  })

  it('rejects what is not done with CLOSED when it stops, and takes no more', async () => {
    const farm = await openFarm(ground)
    const waiting = Promise.allSettled([
      farm.submit(tasks.wait, 60_000),
      collect(farm.map(tasks.wait, [60_000, 60_000])),
    ])
    await until(() => farm.stats().held > 0)
    await farm.stop()
    expect(await waiting).toMatchObject([{ reason: { code: 'CLOSED' } }, { reason: { code: 'CLOSED' } }])
    await expect(farm.submit(tasks.double, 1)).rejects.toMatchObject({ code: 'CLOSED' })
    expect(await farm.exit).toEqual({ reason: 'shutdown' })
  })
})
