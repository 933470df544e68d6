import { getEventListeners } from 'node:events'
import { Farm } from '@troupe/actors/farm'
import { describe, expect, it } from 'vitest'
import * as tasks from './fixtures/tasks.mjs'
import { collect, isIdle, openFarm, range, TASKS, until } from './open-farm.js'

describe('a submit with a deadline', () => {
  it('fails when it is over, and its running try is cancelled', async () => {
    const farm = await openFarm({ workers: 1 })
    const running = farm.submit(tasks.wait, 60_000, { deadlineMs: 50 })
    await expect(running).rejects.toMatchObject({ code: 'TIMEOUT', deadlineMs: 50, task: 'wait', attempt: 1 })
    await until(() => farm.stats().held === 0)
    expect(farm.stats()).toMatchObject({ restarts: 0, failed: 1, cancelled: 0, retried: 0 })
  })

  it('counts all its tries and the delays between them', async () => {
    const farm = await openFarm({ isolation: 'inline', backoff: { minMs: 10, jitter: 0, factor: 1 } })
    const failing = farm.submit(tasks.picky, -1, { deadlineMs: 500, retries: 1_000 })
    await expect(failing).rejects.toMatchObject({ code: 'TIMEOUT', attempt: expect.any(Number) })
    expect(farm.stats().retried).toBeGreaterThan(0)
    // A try may run at the deadline.
    await until(() => isIdle(farm))
  })

  it('counts the time in the queue, and that before it', async () => {
    const farm = await openFarm({ isolation: 'inline', maxQueued: 1 })
    farm.pause()
    const given = [1, 2].map((n) => farm.submit(tasks.double, n, { deadlineMs: 30 }))
    const outcomes = await Promise.allSettled(given)
    expect(outcomes).toMatchObject(Array(2).fill({ reason: { code: 'TIMEOUT', attempt: 0 } }))
    expect(farm.stats()).toMatchObject({ pending: 0, held: 0 })
  })

  it('costs the worker of a task that does not listen', async () => {
    const farm = await openFarm({ workers: 1, graceMs: 50 })
    await expect(farm.submit(tasks.deaf, 60_000, { deadlineMs: 30 })).rejects.toMatchObject({ code: 'TIMEOUT' })
    await until(() => farm.stats().restarts === 1)
    expect(await farm.submit(tasks.double, 1, { deadlineMs: 60_000 })).toBe(2)
  })
})

describe('a map', () => {
  it('with a deadline throws when it is over, and cancels the rest', async () => {
    const farm = await openFarm({ workers: 1 })
    const got: unknown[] = []
    await expect(async () => {
      for await (const value of farm.map(tasks.wait, [0, 60_000, 0], { deadlineMs: 100 })) got.push(value)
    }).rejects.toMatchObject({ code: 'TIMEOUT', timeoutMs: 100 })
    await until(() => farm.stats().held === 0)
    expect(got).toEqual(['waited'])
    expect(farm.stats()).toMatchObject({ restarts: 0, pending: 0 })
  })

  it('that ends within its deadline gives all', async () => {
    const farm = await openFarm({ isolation: 'inline' })
    expect(await collect(farm.map(tasks.double, range(3), { deadlineMs: 60_000 }))).toEqual([0, 2, 4])
  })

  it('cancels what runs when its signal aborts, also while nobody reads it', async () => {
    const farm = await openFarm({ workers: 1 })
    const aborter = new AbortController()
    const run = farm.map(tasks.wait, [0, 60_000], { signal: aborter.signal })
    expect((await run.next()).value).toBe('waited')
    await until(() => farm.stats().held === 1)
    aborter.abort()
    await until(() => farm.stats().held === 0)
    expect(farm.stats().restarts).toBe(0)
    await expect(run.next()).rejects.toMatchObject({ code: 'ABORTED' })
  })
})

describe('the signal of a farm', () => {
  it('stops it, and what is not done fails with CLOSED', async () => {
    const aborter = new AbortController()
    const farm = await openFarm({ signal: aborter.signal })
    const waiting = farm.submit(tasks.wait, 60_000).catch((error: unknown) => error)
    await until(() => farm.stats().held === 1)
    aborter.abort()
    expect([await farm.exit, await waiting]).toMatchObject([{ reason: 'shutdown' }, { code: 'CLOSED' }])
    expect(getEventListeners(aborter.signal, 'abort')).toEqual([])
  })

  it('that aborts before or while it starts makes the start fail with ABORTED', async () => {
    const aborter = new AbortController()
    const starting = Farm.start({ tasks: TASKS, workers: 1, signal: aborter.signal })
    aborter.abort(new Error('changed my mind'))
    const expected = { code: 'ABORTED', cause: { message: 'changed my mind' } }
    await expect(starting).rejects.toMatchObject(expected)
    await expect(openFarm({ signal: aborter.signal })).rejects.toMatchObject(expected)
    expect(getEventListeners(aborter.signal, 'abort')).toEqual([])
  })

  it('is let go when the farm stops by itself', async () => {
    const aborter = new AbortController()
    const farm = await openFarm({ isolation: 'inline', signal: aborter.signal })
    await farm.stop()
    expect(getEventListeners(aborter.signal, 'abort')).toEqual([])
  })
})
