import type { FarmStats } from '@troupe/actors/farm'
import { describe, expect, it } from 'vitest'
import { Subscriptions } from '../../dist/farm/subscriptions.js'
import * as tasks from './fixtures/tasks.mjs'
import { openFarm, until } from './open-farm.js'

const timers = () => process.getActiveResourcesInfo().filter((type) => type === 'Timeout').length

const throwing = () => {
  throw new Error('of the listener')
}

describe('a subscription to the stats of a farm', () => {
  it('tells them as often as it was told to, and the last ones when the farm has ended', async () => {
    const farm = await openFarm({ isolation: 'inline' })
    const told: FarmStats[] = []
    farm.subscribe((stats) => void told.push(stats), { everyMs: 10 })
    await farm.submit(tasks.double, 2)
    await until(() => told.filter(({ done }) => done === 1).length >= 3)
    expect(told.every(({ state }) => state === 'running')).toBe(true)
    await farm.stop()
    expect(told.at(-1)).toMatchObject({ state: 'stopped', done: 1, held: 0, workers: [] })
    expect(told.filter(({ state }) => state === 'stopped').length).toBe(1)
  })

  it('ends when it is taken back, and has a timer until then', async () => {
    const farm = await openFarm({ isolation: 'inline' })
    const before = timers()
    let told = 0
    const ends = [10, 20].map((everyMs) => farm.subscribe(() => void told++, { everyMs }))
    expect(timers()).toBe(before + 2)
    for (const end of [...ends, ...ends]) end()
    expect(timers()).toBe(before)
    await farm.stop()
    expect(told).toBe(0)
  })

  it('has no timer any more when the farm has ended', () => {
    let told = 0
    const subscriptions = new Subscriptions({ snapshot: () => told, failed: () => undefined })
    const before = timers()
    subscriptions.add(() => void told++, 60_000)
    expect(timers()).toBe(before + 1)
    subscriptions.end()
    expect([timers(), told]).toEqual([before, 1])
  })

  it.each([
    ['throws', throwing],
    ['rejects', async () => throwing()],
  ])('harms nobody with a listener that %s, and is told of it', async (_how, listener) => {
    const faults: unknown[] = []
    const subscriptions = new Subscriptions({ snapshot: () => 0, failed: (error) => faults.push(error) })
    subscriptions.add(listener, 60_000)
    subscriptions.end()
    const farm = await openFarm({ isolation: 'inline' })
    let told = 0
    farm.subscribe(listener, { everyMs: 10 })
    farm.subscribe(() => void told++, { everyMs: 10 })
    await until(() => told >= 3)
    expect(await farm.submit(tasks.double, 2)).toBe(4)
    const before = told
    await farm.stop()
    expect(told).toBeGreaterThan(before)
    expect(faults).toEqual([new Error('of the listener')])
  })

  it('to a farm that has failed tells that, and to one that has ended tells the last ones once', async () => {
    const farm = await openFarm({ isolation: 'process', workers: 1, intensity: 0 })
    const told: string[] = []
    farm.subscribe(({ state }) => void told.push(state), { everyMs: 60_000 })
    process.kill(farm.stats().workers[0]!.pid!, 'SIGKILL')
    await farm.exit
    expect(told).toEqual(['failed'])
    farm.subscribe(({ state }) => void told.push(state))
    const end = farm.subscribe(({ state }) => void told.push(`${state}, which was taken back`))
    end()
    await until(() => told.length === 2)
    expect(told).toEqual(['failed', 'failed'])
  })

  it('is refused with a time that is none', async () => {
    const farm = await openFarm({ isolation: 'inline' })
    expect(() => farm.subscribe(() => undefined, { everyMs: 0 })).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTIONS' }),
    )
  })
})
