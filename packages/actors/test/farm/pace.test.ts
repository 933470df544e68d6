import { describe, expect, it } from 'vitest'
import { Pace } from '../../dist/farm/pace.js'

/** A pace that has learnt from so many answers, of 100 tasks each, what a task costs. */
function learnt(costMs: number, { answers = 50, outputBytes = 10 } = {}): Pace {
  const pace = new Pace()
  for (let n = 0; n < answers; n++) pace.answered(100, 100 * costMs, 100 * outputBytes)
  return pace
}

describe('how many tasks a worker may hold', () => {
  it('is one while their cost is unknown, or as many as it runs at once', () => {
    expect(new Pace().costMs).toBeUndefined()
    expect([1, 8].map((concurrency) => new Pace().held(concurrency))).toEqual([1, 8])
    expect([1, 8].map((concurrency) => new Pace().frame(concurrency))).toEqual([1, 4])
  })

  it('doubles with each answer, until the time that they take bounds it', () => {
    const pace = new Pace()
    const held: number[] = []
    for (let n = 0; n < 8; n++) {
      pace.answered(1, 0.5, 10)
      held.push(pace.held(1))
    }
    expect(held).toEqual([2, 4, 8, 16, 32, 64, 72, 72])
  })

  it('is bounded for tasks that take next to nothing', () => {
    expect(learnt(0).held(1)).toBe(1_024)
    expect(learnt(1e-9).held(1)).toBe(1_024)
  })

  it('is one of long tasks', () => {
    expect(learnt(1_000).held(1)).toBe(1)
  })

  it('is never less than a worker runs at once', () => {
    expect(learnt(1_000).held(16)).toBe(16)
    expect(learnt(0).held(5_000)).toBe(5_000)
  })

  it('shrinks at once when tasks become long, and grows slowly when they become short again', () => {
    const pace = learnt(0.1)
    const short = pace.held(1)
    for (let n = 0; n < 4; n++) pace.answered(1, 100, 10)
    expect(pace.held(1)).toBe(1)
    for (let n = 0; n < 4; n++) pace.answered(1, 0.1, 10)
    expect(pace.held(1)).toBeLessThan(short / 10)
    for (let n = 0; n < 100; n++) pace.answered(1, 0.1, 10)
    expect(pace.held(1)).toBeGreaterThan(short / 2)
  })

  it('is not moved much by one answer that took long, for the machine may have had other things to do', () => {
    const pace = learnt(0.001)
    pace.answered(4, 20, 40)
    expect(pace.held(1)).toBeGreaterThan(500)
  })

  it('goes by the mean where few tasks are long among many that are short, though no two follow each other', () => {
    const pace = learnt(0.001)
    for (let n = 0; n < 40; n++) pace.answered(10, n % 4 === 0 ? 1_000 : 0.01, 100)
    expect(pace.costMs).toBeGreaterThan(15)
    expect(pace.held(1)).toBeLessThan(4)
  })

  it('is not moved by an answer to nothing', () => {
    const pace = learnt(1)
    pace.answered(0, 1e6, 1e6)
    expect(pace.costMs).toBeCloseTo(1)
    expect(pace.held(1)).toBe(36)
  })
})

describe('how many tasks go in one frame', () => {
  it('is half of what the worker may hold, so that one frame waits while one is in work', () => {
    expect(learnt(1).frame(1)).toBe(18)
  })

  it('is bounded by their bytes, but never none', () => {
    const pace = learnt(0.01)
    pace.sent(10, 10 * 100_000)
    expect(pace.frame(1)).toBe(10)
    pace.sent(1, 50 << 20)
    expect(pace.frame(1)).toBe(1)
  })
})

describe('how many tasks a map may have in memory', () => {
  it('is bounded by the bytes of their inputs and outputs, and a few of any size', () => {
    const pace = learnt(1, { outputBytes: 1 << 20 })
    pace.sent(1, 1 << 20)
    expect(pace.buffered()).toBe(16)
    pace.sent(1, 50 << 20)
    expect(pace.buffered()).toBe(4)
  })

  it('counts on the largest that came lately', () => {
    const pace = new Pace()
    pace.sent(1, 1 << 20)
    const before = pace.buffered()
    pace.sent(1, 1)
    expect(pace.buffered()).toBeLessThan(before * 2)
  })
})
