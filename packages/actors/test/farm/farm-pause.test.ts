import { describe, expect, it } from 'vitest'
import * as tasks from './fixtures/tasks.mjs'
import { collect, GROUNDS, openFarm, range, until } from './open-farm.js'
import { lineOf, Stage } from './staged-dispatcher.js'

describe('a farm that is paused', () => {
  it('gives nothing out, takes submits, and goes on when it is resumed', async () => {
    const farm = await openFarm({ isolation: 'inline' })
    const before = farm.submit(tasks.wait, 20)
    await until(() => farm.stats().held === 1)
    farm.pause()
    farm.pause()
    const after = farm.submit(tasks.double, 4)
    expect(await before).toBe('waited')
    expect(farm.stats()).toMatchObject({ paused: true, pending: 1, held: 0, done: 1 })
    farm.resume()
    expect(await after).toBe(8)
    expect(farm.stats()).toMatchObject({ paused: false, pending: 0 })
  })

  it('keeps its workers, with whatever limits on their silence', async () => {
    const farm = await openFarm({ hangMs: 1_000, heartbeatMs: 100 })
    const running = farm.submit(tasks.wait, 1_500)
    await until(() => farm.stats().held === 1)
    farm.pause()
    const queued = farm.submit(tasks.double, 1)
    await running
    farm.resume()
    expect(await queued).toBe(2)
    expect(farm.stats().restarts).toBe(0)
  })

  it('tries nothing again before it is resumed, and looks after the limits of what runs', () => {
    const stage = new Stage()
    stage.join('one')
    stage.accept(1, lineOf('long', 1_000), { timeoutMs: 100, retries: 1 })
    stage.dispatcher.pause()
    stage.advance(1_200)
    expect(stage.killed.length).toBe(1)
    stage.join('two')
    stage.advance(1_000)
    expect([stage.sent.length, stage.dispatcher.pending]).toEqual([1, 1])
    stage.dispatcher.resume()
    stage.endTurn()
    expect(stage.sent.length).toBe(2)
  })
})

describe.each(GROUNDS)('a farm that drains, of %s', (_, ground) => {
  it('takes nothing more, finishes what it has, and stops', async () => {
    const farm = await openFarm({ ...ground, maxQueued: 5 })
    const submits = Promise.all([...range(20)].map((n) => farm.submit(tasks.doubleLater, n)))
    const map = collect(farm.map(tasks.doubleLater, range(50)))
    const neverRead = farm.map(tasks.double, range(5))
    await until(() => farm.stats().held > 0)
    const drained = farm.drain()
    expect(farm.stats().draining).toBe(true)
    await expect(farm.submit(tasks.double, 1)).rejects.toMatchObject({ code: 'CLOSED' })
    expect(() => farm.map(tasks.double, [1])).toThrow('draining')
    await drained
    expect(farm.state).toBe('stopped')
    expect(await submits).toEqual([...range(20)].map((n) => 2 * n))
    expect(await map).toEqual([...range(50)].map((n) => 2 * n))
    await expect(neverRead.next()).rejects.toMatchObject({ code: 'CLOSED' })
  })
})

describe('a farm that drains', () => {
  it('stops as by stop when its time is over', async () => {
    const farm = await openFarm({ isolation: 'inline' })
    const waiting = farm.submit(tasks.wait, 60_000).catch((error: unknown) => error)
    await until(() => farm.stats().held === 1)
    await farm.drain({ timeoutMs: 30 })
    expect([farm.state, await waiting]).toMatchObject(['stopped', { code: 'CLOSED' }])
  })

  it('goes on from a pause, and ends when the last that it has is cancelled', async () => {
    const farm = await openFarm({ isolation: 'inline', workers: 1 })
    const aborter = new AbortController()
    farm.pause()
    const done = farm.submit(tasks.double, 1)
    const cancelled = farm.submit(tasks.wait, 60_000, { signal: aborter.signal }).catch((error: unknown) => error)
    const drained = farm.drain()
    expect(await done).toBe(2)
    aborter.abort()
    await drained
    expect(await cancelled).toMatchObject({ code: 'ABORTED' })
  })

  it('ends with the farm that is stopped meanwhile, and at once when there is nothing', async () => {
    const [busy, idle] = [await openFarm({ isolation: 'inline' }), await openFarm({ isolation: 'inline' })]
    const waiting = busy.submit(tasks.wait, 60_000).catch((error: unknown) => error)
    await until(() => busy.stats().held === 1)
    const drained = busy.drain()
    await busy.stop()
    await Promise.all([drained, idle.drain(), waiting])
    await idle.drain()
    expect([busy.state, idle.state]).toEqual(['stopped', 'stopped'])
  })

  it('refuses a time that is none', async () => {
    const farm = await openFarm({ isolation: 'inline' })
    await expect(farm.drain({ timeoutMs: -1 })).rejects.toMatchObject({ code: 'INVALID_OPTIONS' })
    expect(await farm.submit(tasks.double, 1)).toBe(2)
  })
})
