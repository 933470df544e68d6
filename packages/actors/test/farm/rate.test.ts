import { seeded } from '@troupe/testing/seeded'
import { describe, expect, it } from 'vitest'
import { Rate, roomOf } from '../../dist/farm/rate.js'
import { lineOf, Stage, thrown } from './staged-dispatcher.js'

const short = () => lineOf('short', 0.01)

/** The most that began in any window of time, where each began at its time. */
function mostIn(perMs: number, begunMs: readonly number[]): number {
  return Math.max(0, ...begunMs.map((fromMs) => begunMs.filter((at) => at >= fromMs && at < fromMs + perMs).length))
}

describe('a rate', () => {
  it('lets its limit begin at once, and each token come back when its time is over', () => {
    const rate = new Rate({ limit: 3, perMs: 100 })
    expect(rate.room(0)).toBe(3)
    rate.take(2, 0)
    rate.take(1, 40)
    expect([rate.room(99), rate.backMs]).toEqual([0, 100])
    expect([rate.room(100), rate.room(139), rate.room(140)]).toEqual([2, 2, 3])
  })

  it('is never exceeded in any window, whenever it is asked', () => {
    for (let seed = 1; seed <= 50; seed++) {
      const random = seeded(seed)
      const limit = random.whole(1, 20)
      const perMs = random.whole(1, 200)
      const rate = new Rate({ limit, perMs })
      const begun: number[] = []
      for (let nowMs = 0; nowMs < 1_000; nowMs += random() * 10) {
        const count = Math.min(random.whole(0, limit), rate.room(nowMs))
        if (count > 0) rate.take(count, nowMs)
        for (let n = 0; n < count; n++) begun.push(nowMs)
      }
      expect([seed, mostIn(perMs, begun) <= limit]).toEqual([seed, true])
    }
  })

  it('waits, of several, for the last that has no room', () => {
    const [one, two] = [new Rate({ limit: 1, perMs: 100 }), new Rate({ limit: 1, perMs: 300 })]
    expect(roomOf([one, two], 0).room).toBe(1)
    one.take(1, 0)
    two.take(1, 0)
    expect(roomOf([one, two], 50)).toEqual({ room: 0, backMs: 300 })
  })
})

describe('tasks with a rate', () => {
  it('begin as it lets them, by one timer, and others pass them', () => {
    const stage = new Stage({ concurrency: 10 })
    const rates = [new Rate({ limit: 2, perMs: 100 })]
    const [one] = stage.join('one')
    stage.accept(5, short(), { rates })
    stage.accept(1, short())
    stage.endTurn()
    expect([stage.has(one), stage.clock.pending]).toEqual([['a', 'b', 'f'], 1])
    stage.answer(one)
    stage.advance(99, 33)
    expect([stage.has(one), stage.clock.pending]).toEqual([[], 1])
    stage.advance(1)
    expect(stage.has(one)).toEqual(['c', 'd'])
    stage.advance(100)
    expect([stage.has(one), stage.clock.pending]).toEqual([['c', 'd', 'e'], 0])
  })

  it('are not sent ahead, for what is counted is what begins', () => {
    const stage = new Stage({ concurrency: 2 })
    const [one] = stage.join('one')
    stage.accept(100, short(), { rates: [new Rate({ limit: 50, perMs: 100 })] })
    stage.endTurn()
    expect(stage.has(one)).toEqual(['a', 'b'])
  })

  it('count their tries', () => {
    const stage = new Stage({ backoff: { minMs: 1, maxMs: 1, factor: 1, jitter: 0 } })
    const [one] = stage.join('one')
    stage.accept(1, short(), { retries: 5, rates: [new Rate({ limit: 2, perMs: 1_000 })] })
    for (let n = 0; n < 2; n++) {
      stage.answer(one, undefined, thrown())
      stage.advance(25)
    }
    expect([stage.sent.length, stage.has(one)]).toEqual([2, []])
    stage.advance(1_000)
    expect(stage.sent.length).toBe(3)
  })

  it('run alone after a death, when their rate lets them', () => {
    const stage = new Stage()
    stage.accept(1, short(), { rates: [new Rate({ limit: 1, perMs: 1_000 })] })
    stage.lose(stage.join('one')[0])
    const [two] = stage.join('two')
    stage.accept(1, short())
    stage.endTurn()
    expect(stage.has(two)).toEqual(['b'])
    stage.answer(two)
    stage.advance(1_000)
    expect(stage.has(two)).toEqual(['a'])
  })

  it('leave no timer behind when all is given up', () => {
    const stage = new Stage()
    stage.accept(3, short(), { rates: [new Rate({ limit: 1, perMs: 1_000 })] })
    stage.join('one')
    expect(stage.clock.pending).toBe(1)
    stage.dispatcher.abandon(new Error('over'))
    expect([stage.clock.pending, stage.settledAs.length]).toEqual([0, 3])
  })
})
