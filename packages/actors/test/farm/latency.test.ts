import { seeded } from '@troupe/testing/seeded'
import { describe, expect, it } from 'vitest'
import { Latency } from '../../dist/farm/latency.js'

const sorted = (values: readonly number[]) => values.toSorted((a, b) => a - b)

describe('a latency', () => {
  it('is nothing before anything was measured', () => {
    expect(new Latency().stats()).toEqual({
      ...{ count: 0, sumMs: 0, p50Ms: undefined, p99Ms: undefined, maxMs: undefined },
    })
  })

  it('has the quantiles of what was measured, to one part in thirty, from microseconds to days', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = seeded(seed)
      const latency = new Latency()
      const times = Array.from({ length: 999 }, () => 10 ** (random() * 11 - 3))
      for (const ms of times) latency.record(ms, 1, 0)
      const { p50Ms, p99Ms, maxMs, count } = latency.stats()
      const all = sorted(times)
      expect(Math.abs(p50Ms! / all[499]! - 1)).toBeLessThan(1 / 30)
      expect(Math.abs(p99Ms! / all[989]! - 1)).toBeLessThan(1 / 30)
      expect([maxMs, count]).toEqual([all.at(-1), 999])
    }
  })

  it('counts a time as often as it weighs', () => {
    const latency = new Latency()
    latency.record(1, 98, 0)
    latency.record(100, 2, 0)
    const { count, sumMs, p50Ms, p99Ms } = latency.stats()
    expect([count, sumMs]).toEqual([100, 298])
    expect(p50Ms).toBeCloseTo(1, 1)
    expect(p99Ms).toBeGreaterThan(96)
  })

  it('says of no quantile more than the longest time', () => {
    const latency = new Latency()
    latency.record(1.0001, 1, 0)
    expect(latency.stats()).toMatchObject({ p50Ms: 1.0001, p99Ms: 1.0001, maxMs: 1.0001 })
  })

  it('takes what is beyond its steps as its first or its last', () => {
    const latency = new Latency()
    latency.record(0, 1, 0)
    latency.record(1e12, 1, 0)
    const { p50Ms, p99Ms, maxMs } = latency.stats()
    expect(p50Ms).toBeLessThan(0.002)
    expect(p99Ms).toBeGreaterThan(2e9)
    expect(maxMs).toBe(1e12)
  })

  it('forgets in its quantiles what is two minutes old, and never in its count and sum', () => {
    const latency = new Latency()
    latency.record(1_000, 1, 0)
    latency.record(1, 1, 60_000)
    expect(latency.stats().maxMs).toBe(1_000)
    latency.record(1, 1, 120_000)
    expect(latency.stats()).toMatchObject({ count: 3, sumMs: 1_002, maxMs: 1, p99Ms: 1 })
  })

  it('keeps its quantiles while nothing is measured, and begins anew when something is', () => {
    const latency = new Latency()
    latency.record(1_000, 1, 0)
    expect(latency.stats().maxMs).toBe(1_000)
    latency.record(2, 1, 3_600_000)
    expect(latency.stats()).toMatchObject({ count: 2, maxMs: 2, p50Ms: 2 })
  })
})
