import { describe, expect, it } from 'vitest'
import { RateMeter } from '../../dist/farm/rate-meter.js'

/** A meter of what grows by `perSecond`, told every `everyMs` until `endMs`. */
function grown(perSecond: number, everyMs: number, endMs: number): RateMeter {
  const meter = new RateMeter(0)
  for (let nowMs = everyMs; nowMs <= endMs; nowMs += everyMs) meter.note((nowMs * perSecond) / 1_000, nowMs)
  return meter
}

describe('a rate meter', () => {
  it('says how much there is in a second', () => {
    for (const [perSecond, everyMs] of [
      [100, 10],
      [1, 1_000],
      [500_000, 3],
    ] as const) {
      expect(grown(perSecond, everyMs, 60_999).perSecond(60_999) / perSecond).toBeCloseTo(1, 1)
    }
  })

  it('says it from the first second on', () => {
    expect(grown(100, 10, 500).perSecond(500)).toBe(50)
    expect(grown(100, 10, 2_000).perSecond(2_000)).toBeCloseTo(100, 0)
  })

  it('forgets what was before the last ten seconds', () => {
    const meter = grown(100, 10, 20_000)
    expect(meter.perSecond(25_000)).toBeGreaterThan(40)
    expect(meter.perSecond(25_000)).toBeLessThan(60)
    expect(meter.perSecond(30_000)).toBe(0)
    expect(meter.perSecond(3_600_000)).toBe(0)
  })

  it('goes on after a long silence as if it had just begun', () => {
    const meter = grown(100, 10, 20_000)
    meter.note(2_010, 3_600_000)
    expect(meter.perSecond(3_600_000)).toBeCloseTo(10 / 9, 1)
  })
})
