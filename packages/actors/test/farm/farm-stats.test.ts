import type { FarmStats } from '@troupe/actors/farm'
import { describe, expect, it } from 'vitest'
import * as tasks from './fixtures/tasks.mjs'
import { collect, GROUNDS, openFarm, range, until } from './open-farm.js'

describe.each(GROUNDS)('the stats of a farm with %s', (_ground, options) => {
  it('say how long its tasks wait and run, how many there are in a second, and how often they were given', async () => {
    const farm = await openFarm(options)
    await collect(farm.map(tasks.deaf, Array(20).fill(20)))
    const { queueTime, runTime, tasksPerSecond, dispatched, done } = farm.stats()
    expect([dispatched, done]).toEqual([20, 20])
    expect(runTime.count).toBe(20)
    expect(runTime.p50Ms).toBeGreaterThan(15)
    expect(runTime.p99Ms).toBeGreaterThanOrEqual(runTime.p50Ms!)
    expect(runTime.maxMs).toBeGreaterThanOrEqual(runTime.p99Ms!)
    expect(runTime.sumMs).toBeGreaterThan(20 * 15)
    expect(queueTime.count).toBe(20)
    expect(queueTime.maxMs).toBeLessThan(runTime.sumMs)
    expect(tasksPerSecond).toBeGreaterThan(1)
    expect(tasksPerSecond).toBeLessThanOrEqual(20)
  })

  it('count short tasks by a sample of them', async () => {
    const farm = await openFarm(options)
    for await (const _ of farm.map(tasks.double, range(20_000)));
    const { queueTime, runTime } = farm.stats()
    for (const { count } of [queueTime, runTime]) {
      expect(count).toBeGreaterThan(15_000)
      expect(count).toBeLessThan(25_000)
    }
    expect(runTime.p50Ms).toBeLessThan(1)
  })
})

describe('the stats of a farm', () => {
  it('count the workers by what they do', async () => {
    const farm = await openFarm({ isolation: 'inline', workers: 3 })
    expect(farm.stats().workerStates).toEqual({ starting: 0, idle: 3, working: 0, leaving: 0 })
    const one = farm.submit(tasks.deaf, 50)
    await until(() => farm.stats().held === 1)
    expect(farm.stats().workerStates).toEqual({ starting: 0, idle: 2, working: 1, leaving: 0 })
    await one
  })

  it('say that it runs, and then that it has stopped and has no worker', async () => {
    const farm = await openFarm({ isolation: 'inline' })
    expect(farm.stats().state).toBe('running')
    await farm.stop()
    const { state, workers, held, pending }: FarmStats = farm.stats()
    expect({ state, workers, held, pending }).toEqual({ state: 'stopped', workers: [], held: 0, pending: 0 })
  })
})
