import { describe, expect, it } from 'vitest'
import { lineOf, Stage, thrown } from './staged-dispatcher.js'

const queueTime = (stage: Stage) => stage.dispatcher.measures.stats().queueTime

describe('the queue time of tasks', () => {
  it('is from the acceptance of a task until it is sent', () => {
    const stage = new Stage()
    stage.accept(1, lineOf('long', 50))
    stage.advance(200)
    expect(queueTime(stage).count).toBe(0)
    stage.join('a')
    expect(queueTime(stage)).toMatchObject({ count: 1, sumMs: 200, maxMs: 200 })
  })

  it('is counted once of a task that is tried again', () => {
    const stage = new Stage()
    const [a] = stage.join('a')
    stage.accept(1, lineOf('long', 50), { retries: 1 })
    stage.answer(a, undefined, thrown('once'))
    stage.advance(200)
    expect(stage.has(a)).toEqual(['a'])
    expect(queueTime(stage).count).toBe(1)
    expect(stage.dispatcher.counts).toMatchObject({ dispatched: 2, retried: 1 })
  })

  it('is taken of each long task, and of a sample of short ones that stands for all', () => {
    for (const [costMs, stamped] of [
      [0.1, 320],
      [0.01, 10],
    ] as const) {
      const stage = new Stage()
      const entries = stage.accept(320, lineOf('some', costMs))
      expect(entries.filter(({ stamp }) => stamp !== undefined).length).toBe(stamped)
      stage.join('a', 'b', 'c', 'd', 'e')
      while (stage.dispatcher.pending > 0) for (const { seat } of [...stage.sent]) stage.answer(seat)
      expect(queueTime(stage).count).toBe(320)
    }
  })

  it('is taken of a sample of those that are queued before it is known what they cost', () => {
    const stage = new Stage()
    const entries = stage.accept(1_600, lineOf('some'))
    const stamped = entries.filter(({ stamp }) => stamp !== undefined).length
    expect(stamped).toBeGreaterThan(64)
    expect(stamped).toBeLessThan(128)
  })
})

describe('the rate of tasks', () => {
  it('is of those that are done and that have failed', () => {
    const stage = new Stage()
    const [a] = stage.join('a')
    for (let n = 0; n < 40; n++) {
      stage.accept(1, lineOf('long', 50))
      stage.answer(a, undefined, n % 2 === 0 ? thrown('even') : undefined)
      stage.advance(500)
    }
    expect(stage.dispatcher.measures.stats().tasksPerSecond).toBeCloseTo(2, 0)
    stage.advance(10_000)
    expect(stage.dispatcher.measures.stats().tasksPerSecond).toBe(0)
  })
})
