import { describe, expect, it } from 'vitest'
import * as tasks from './fixtures/tasks.mjs'
import { collect, GROUNDS, isIdle, openFarm, range, sharedFarm, until } from './open-farm.js'

/** Counts what is read of it and says when it is let go. */
function watched(count: number, from = 0) {
  const seen = { read: 0, closed: false }
  function* inputs() {
    try {
      for (const n of range(count)) {
        seen.read++
        yield from + n
      }
    } finally {
      seen.closed = true
    }
  }
  return { seen, inputs: inputs() }
}

describe.each(GROUNDS)('a farm of %s', (_name, ground) => {
  const running = sharedFarm({ ...ground, workers: 2, reorderWindow: 100 })

  it('reads the input lazily: of an endless one only what it can use', async () => {
    const farm = running()
    const { seen, inputs } = watched(Number.POSITIVE_INFINITY, 60_000)
    const run = farm.map(tasks.wait, inputs)
    const next = run.next()
    await until(() => farm.stats().held === 2)
    expect(seen.read).toBeLessThanOrEqual(4)
    next.catch(() => undefined)
    await run.return?.()
    expect(seen.closed).toBe(true)
  })

  it('does not read on while nobody takes its outputs', async () => {
    const farm = running()
    const { seen, inputs } = watched(100_000)
    const run = farm.map(tasks.double, inputs)
    await run.next()
    await until(() => isIdle(farm))
    expect(seen.read).toBeLessThanOrEqual(101)
    await run.return?.()
  })

  it('cancels everything and lets go of the input when the reader breaks off', async () => {
    const farm = running()
    const { seen, inputs } = watched(1_000_000)
    for await (const n of farm.map(tasks.double, inputs)) if (n === 20) break
    expect(seen.closed).toBe(true)
    await until(() => isIdle(farm))
    expect(seen.read).toBeLessThan(100_000)
  })

  it('gives what came before an input that fails in the middle, then its error', async () => {
    const farm = running()
    function* inputs() {
      yield* range(5)
      throw new Error('the input broke')
    }
    const got: number[] = []
    await expect(async () => {
      for await (const n of farm.map(tasks.double, inputs())) got.push(n)
    }).rejects.toThrow('the input broke')
    expect(got).toEqual([0, 2, 4, 6, 8])
  })

  it('goes on behind a task that takes long, up to its reorder window', async () => {
    const farm = running()
    const startedMs = performance.now()
    const outputs = await collect(farm.map(tasks.deaf, [400, ...Array<number>(200).fill(1)]))
    expect(outputs.length).toBe(201)
    expect(performance.now() - startedMs).toBeLessThan(10_000)
  })

  it('gives the outputs of many at once in their order, and of a forEach how many there were', async () => {
    const farm = running()
    expect(await farm.submitMany(tasks.double, range(500))).toEqual(Array.from(range(500), (n) => n * 2))
    expect(await farm.forEach(tasks.double, range(500))).toBe(500)
    const failing = [1, 2, -1, ...range(100_000)]
    await expect(farm.submitMany(tasks.picky, failing)).rejects.toMatchObject({ code: 'TASK_FAILED' })
    await expect(farm.forEach(tasks.picky, failing)).rejects.toMatchObject({ code: 'TASK_FAILED' })
  })

  it('makes a submit wait while its queue is full', async () => {
    const farm = await openFarm({ ...ground, maxQueued: 10 })
    const outputs = await Promise.all([...range(500)].map((n) => farm.submit(tasks.double, n)))
    expect(outputs).toEqual([...range(500)].map((n) => n * 2))
  })

  it('takes a submit that waits for room back when its signal aborts', async () => {
    const farm = await openFarm({ ...ground, maxQueued: 1, workers: 1 })
    const aborters = Array.from({ length: 4 }, () => new AbortController())
    const waiting = aborters.map(({ signal }) => farm.submit(tasks.wait, 60_000, { signal }))
    const settled = Promise.allSettled(waiting)
    await until(() => farm.stats().held === 1)
    for (const aborter of aborters.reverse()) aborter.abort()
    expect((await settled).map((outcome) => outcome.status)).toEqual(Array(4).fill('rejected'))
    expect(farm.stats().cancelled).toBe(4)
    await until(() => isIdle(farm))
  })
})
