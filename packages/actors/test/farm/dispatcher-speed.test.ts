/**
 * To whom tasks go where the workers are not alike: near or far, with more slots or fewer, fast or slow, steady or not.
 */
import { SimulatedClock } from '@troupe/core'
import { expect, it } from 'vitest'
import { Losses } from '../../dist/farm/losses.js'
import { CRASH, lineOf, Stage } from './staged-dispatcher.js'

it('of two workers that have as little to do, the own one of the farm goes first', () => {
  const stage = new Stage()
  const far = stage.dispatcher.join({ id: 'far', isOwn: false })
  const own = stage.dispatcher.join({ id: 'own' })
  stage.accept(1, lineOf('task'))
  stage.endTurn()
  expect([stage.has(own), stage.has(far)]).toEqual([['a'], []])
})

it('a worker gets as many tasks as it has slots before another waits, and shares by slots', () => {
  const stage = new Stage()
  const wide = stage.dispatcher.join({ id: 'wide', slots: 3 })
  const narrow = stage.dispatcher.join({ id: 'narrow' })
  stage.accept(4, lineOf('task'))
  stage.endTurn()
  expect([wide.holder.held, narrow.holder.held]).toEqual([3, 1])
})

it('a worker whose tasks take four times as long gets about a fourth as much ahead', () => {
  const stage = new Stage()
  const line = lineOf('task', 1)
  const [slow, fast] = stage.join('slow', 'fast')
  const answer = (seat: typeof slow, eachMs: number) => {
    const entries = [...seat.holder.entries()]
    const outputs = entries.map((entry): [number, unknown[]] => [entry.ticket, [1]])
    stage.dispatcher.answered(seat, { outputs, failures: [], busyMs: eachMs * entries.length }, 10)
    stage.endTurn()
  }
  for (let round = 0; round < 60; round++) {
    stage.accept(100, line)
    stage.endTurn()
    for (let n = 0; n < 4; n++) answer(fast, 1)
    answer(slow, 4)
  }
  stage.accept(1_000, line)
  stage.endTurn()
  expect(fast.holder.held / slow.holder.held).toBeGreaterThan(3)
  expect(fast.holder.held / slow.holder.held).toBeLessThan(5.5)
})

it('how long very short tasks take says nothing of a worker', () => {
  const stage = new Stage()
  const line = lineOf('task', 0.002)
  const [one] = stage.join('one', 'two')
  stage.accept(100, line)
  stage.endTurn()
  const outputs = [...one.holder.entries()].map((entry): [number, unknown[]] => [entry.ticket, [1]])
  // Something else had the core.
  stage.dispatcher.answered(one, { outputs, failures: [], busyMs: 50 }, 10)
  expect(one.slowness).toBe(1)
})

it('nothing is sent ahead to a worker where workers were lost again and again, until a while has gone', () => {
  const stage = new Stage()
  stage.clock.advance(1_000)
  const line = lineOf('task', 1)
  const doubted = stage.dispatcher.join({ id: 'doubted', doubtedUntilMs: stage.clock.now() + 1_000 })
  stage.accept(100, line)
  stage.endTurn()
  expect(doubted.holder.held).toBe(1)
  stage.clock.advance(1_001)
  stage.answer(doubted)
  expect(doubted.holder.held).toBeGreaterThan(10)
})

it('a place is doubtful for a minute after the last of three losses in a minute for each worker there', () => {
  const clock = new SimulatedClock()
  clock.advance(100_000)
  const losses = new Losses(clock)
  losses.note('here')
  clock.advance(50_000)
  losses.note('here')
  expect(losses.doubtedUntilMs('here', 1)).toBe(0)
  clock.advance(9_000)
  losses.note('here')
  expect(losses.doubtedUntilMs('here', 1)).toBe(159_000 + 60_000)
  expect(losses.doubtedUntilMs('elsewhere', 1)).toBe(0)
  expect(losses.doubtedUntilMs('here', 2)).toBe(0)
  clock.advance(59_999)
  losses.note('here')
  expect(losses.doubtedUntilMs('here', 1)).toBe(0)
})

it('what a doubted worker holds goes elsewhere as that of any other', () => {
  const stage = new Stage()
  const doubted = stage.dispatcher.join({ id: 'doubted', doubtedUntilMs: 1_000 })
  stage.accept(1, lineOf('task'))
  stage.endTurn()
  stage.lose(doubted, CRASH)
  const [other] = stage.join('other')
  expect(stage.has(other)).toEqual(['a'])
})
