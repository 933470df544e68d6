import { farmMetrics, serviceMetrics } from '@troupe/actors/prometheus'
import { contract, procedure, serve } from '@troupe/actors/rpc'
import { Gauge, register as globalRegister, Registry } from 'prom-client'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { double, picky } from '../farm/fixtures/tasks.mjs'
import { openFarm, until } from '../farm/open-farm.js'
import { exposed, readingOf } from './exposed.js'

const shop = contract('shop', { procedures: { price: procedure({ input: z.string(), output: z.number() }) } })

describe('the metrics of a farm', () => {
  it('are its stats at the time of the scrape, in the text of Prometheus', async () => {
    const register = new Registry()
    const farm = await openFarm({ isolation: 'inline' })
    farmMetrics(farm, { register })
    expect(readingOf(await exposed(register), 'troupe_farm_tasks_total', { outcome: 'done' })).toBe(0)
    for (let n = 0; n < 5; n++) await farm.submit(double, n)
    await farm.submit(picky, -1).catch(() => undefined)
    farm.pause()
    const late = farm.submit(double, 5)
    const families = await exposed(register)
    const value = (name: string, labels = {}) => readingOf(families, `troupe_farm_${name}`, labels)
    expect(value('tasks_total', { outcome: 'done' })).toBe(5)
    expect(value('tasks_total', { outcome: 'failed' })).toBe(1)
    expect(value('tasks_dispatched_total')).toBe(6)
    expect([value('tasks_pending'), value('tasks_held'), value('paused'), value('draining')]).toEqual([1, 0, 1, 0])
    expect([value('workers', { state: 'idle' }), value('workers', { state: 'leaving' })]).toEqual([2, 0])
    const { runTime } = farm.stats()
    expect(value('task_run_seconds_count')).toBe(runTime.count)
    expect(value('task_run_seconds_sum')).toBeCloseTo(runTime.sumMs / 1_000)
    expect(value('task_run_seconds', { quantile: '0.5' })).toBeCloseTo(runTime.p50Ms! / 1_000)
    expect(value('task_run_seconds', { quantile: '0.99' })).toBeCloseTo(runTime.p99Ms! / 1_000)
    farm.resume()
    await late
    expect(readingOf(await exposed(register), 'troupe_farm_tasks_total', { outcome: 'done' })).toBe(6)
  })

  it('have names as Prometheus wants them: seconds, bytes, and _total for what only grows', async () => {
    const register = new Registry()
    farmMetrics(await openFarm({ isolation: 'inline' }), { register })
    const families = [...(await exposed(register))]
    expect(families.length).toBeGreaterThan(10)
    for (const [name, { type, help }] of families) {
      expect(help).not.toBe('')
      expect([name, name.endsWith('_total')]).toEqual([name, type === 'counter'])
      expect(name).toMatch(/^troupe_farm_[a-z_]+$/)
      expect(name).not.toMatch(/_ms|_mib/i)
      expect([name, type === 'summary']).toEqual([name, name.endsWith('_seconds')])
    }
  })

  it('say NaN of quantiles before anything was measured, and what memory processes use', async () => {
    const register = new Registry()
    farmMetrics(await openFarm({ heartbeatMs: 20 }), { register })
    expect(readingOf(await exposed(register), 'troupe_farm_task_run_seconds', { quantile: '0.5' })).toBeNaN()
    let bytes = 0
    const look = async () => {
      bytes = readingOf(await exposed(register), 'troupe_farm_workers_memory_bytes')!
    }
    await expect.poll(() => look().then(() => bytes), { timeout: 30_000 }).toBeGreaterThan(20 * 2 ** 20)
  })

  it('of several farms are told apart by their labels, and go when they are unregistered', async () => {
    const register = new Registry()
    const [one, other] = await Promise.all([openFarm({ isolation: 'inline' }), openFarm({ isolation: 'inline' })])
    const ends = [one, other].map((farm, n) => farmMetrics(farm, { register, labels: { farm: `${n}` } }))
    await one.submit(double, 1)
    const done = async () => {
      const families = await exposed(register)
      return ['0', '1'].map((farm) => readingOf(families, 'troupe_farm_tasks_total', { farm, outcome: 'done' }))
    }
    expect(await done()).toEqual([1, 0])
    ends[0]!()
    expect(await done()).toEqual([undefined, 0])
    ends[1]!()
    ends[1]!()
    expect(register.getMetricsAsArray()).toEqual([])
    farmMetrics(one, { register, labels: { farm: '0' } })
    expect(await done()).toEqual([1, undefined])
  })

  it('come back to a registry that its owner has cleared', async () => {
    const register = new Registry()
    const farm = await openFarm({ isolation: 'inline' })
    const end = farmMetrics(farm, { register, labels: { farm: 'a' } })
    register.clear()
    const own = new Gauge({ name: 'troupe_farm_tasks_held', help: 'of somebody else', registers: [register] })
    end()
    expect(register.getMetricsAsArray()).toEqual([own])
    register.clear()
    farmMetrics(farm, { register, labels: { farm: 'a' } })
    expect((await exposed(register)).size).toBeGreaterThan(10)
  })

  it('go to the global registry unless told otherwise, under a prefix of their own if told so', async () => {
    const farm = await openFarm({ isolation: 'inline' })
    const end = farmMetrics(farm, { prefix: 'nightly_' })
    expect(globalRegister.getSingleMetric('nightly_tasks_pending')).toBeDefined()
    end()
    expect(globalRegister.getSingleMetric('nightly_tasks_pending')).toBeUndefined()
  })

  it('stand in a registry of OpenMetrics too', async () => {
    const register = new Registry<'application/openmetrics-text; version=1.0.0; charset=utf-8'>()
    register.setContentType(Registry.OPENMETRICS_CONTENT_TYPE)
    const farm = await openFarm({ isolation: 'inline' })
    const end = farmMetrics(farm, { register })
    await farm.submit(double, 1)
    for (let scrape = 0; scrape < 2; scrape++) {
      expect(await register.metrics()).toContain('troupe_farm_tasks_total{outcome="done"} 1')
    }
    end()
    expect(await register.metrics()).toBe('\n# EOF\n')
  })

  it('are refused with labels that do not fit, and leave what is there as it was', async () => {
    const register = new Registry()
    const farm = await openFarm({ isolation: 'inline' })
    farmMetrics(farm, { register, labels: { farm: 'a' } })
    for (const labels of [
      { farm: 'a' },
      {},
      { host: 'a' },
      { farm: 'b', host: 'a' },
      { quantile: '1' },
      { 'a-b': '1' },
    ]) {
      expect(() => farmMetrics(farm, { register, labels })).toThrow(
        expect.objectContaining({ code: 'INVALID_OPTIONS' }),
      )
    }
    for (const options of [{ prefix: '1' }, { register: {} as never }]) {
      expect(() => farmMetrics(farm, options)).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS' }))
    }
    await until(() => farm.stats().pending === 0)
    expect(readingOf(await exposed(register), 'troupe_farm_paused', { farm: 'a' })).toBe(0)
  })

  it('are refused under names that others have in the registry, and can then be registered under others', async () => {
    const register = new Registry()
    const farm = await openFarm({ isolation: 'inline' })
    await using service = await serve(shop, { price: () => 1 }, { endpoint: 'tcp://127.0.0.1:!' })
    const end = serviceMetrics(service, { register, prefix: 'app_' })
    const before = register.getMetricsAsArray()
    for (let time = 0; time < 2; time++) {
      expect(() => farmMetrics(farm, { register, prefix: 'app_' })).toThrow(
        expect.objectContaining({ code: 'INVALID_OPTIONS', message: expect.stringMatching(/prefix: .*app_workers/) }),
      )
      expect(register.getMetricsAsArray()).toEqual(before)
    }
    farmMetrics(farm, { register, prefix: 'app_farm_' })()
    end()
    farmMetrics(farm, { register, prefix: 'app_' })
    expect(readingOf(await exposed(register), 'app_paused')).toBe(0)
  })

  it('are all in the registry or none', async () => {
    const register = new Registry()
    const farm = await openFarm({ isolation: 'inline' })
    const add = register.registerMetric.bind(register)
    register.registerMetric = (metric) => {
      if (register.getMetricsAsArray().length === 3) throw new Error('enough')
      add(metric)
    }
    expect(() => farmMetrics(farm, { register })).toThrow('enough')
    expect(register.getMetricsAsArray()).toEqual([])
    register.registerMetric = add
    farmMetrics(farm, { register })
    expect((await exposed(register)).size).toBeGreaterThan(10)
  })
})
