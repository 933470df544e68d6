import { describe, expect, it } from 'vitest'
import { lineOf, Stage, thrown, UNWANTED } from './staged-dispatcher.js'

const short = () => lineOf('short', 0.01)
const long = () => lineOf('long', 1_000)

describe('a task that is cancelled', () => {
  it('while it is queued is settled, and never sent', () => {
    const stage = new Stage()
    const [, entry] = stage.accept(3, short())
    stage.dispatcher.cancel(entry!, UNWANTED)
    expect(stage.settledAs).toEqual([['b', 'ABORTED']])
    expect(stage.dispatcher.pending).toBe(2)
    const [one] = stage.join('one')
    expect(stage.has(one)).toEqual(['a', 'c'])
    expect(stage.dispatcher).toMatchObject({ pending: 0, held: 2, counts: { cancelled: 1 } })
  })

  it('while it waits for its next try leaves no timer', () => {
    const stage = new Stage()
    const [entry] = stage.accept(1, short(), { retries: 1 })
    const [one] = stage.join('one')
    stage.answer(one, undefined, thrown())
    stage.dispatcher.cancel(entry!, UNWANTED)
    expect([stage.clock.pending, stage.dispatcher.pending]).toEqual([0, 0])
    expect(stage.settledAs).toEqual([['a', 'ABORTED']])
  })

  it('while it is suspect is settled, and the other suspects run', () => {
    const stage = new Stage()
    const [entry] = stage.accept(2, short())
    stage.lose(stage.join('one')[0])
    stage.dispatcher.cancel(entry!, UNWANTED)
    const [two] = stage.join('two')
    expect([stage.has(two), stage.dispatcher.pending]).toEqual([['b'], 0])
  })

  it('while a worker has it is settled at once, and the worker is told its ticket', () => {
    const stage = new Stage()
    const [, entry] = stage.accept(2, short())
    const [one] = stage.join('one')
    stage.dispatcher.cancel(entry!, UNWANTED)
    expect([stage.settledAs, stage.cancelled]).toEqual([[['b', 'ABORTED']], [['one', [2]]]])
    stage.answer(one)
    expect(stage.settledAs).toEqual([
      ['b', 'ABORTED'],
      ['a', 'A'],
    ])
    expect(stage.dispatcher).toMatchObject({ held: 0, counts: { cancelled: 1, done: 1, failed: 0 } })
  })

  it('twice, or after its end, changes nothing', () => {
    const stage = new Stage()
    const [first, second] = stage.accept(2, short())
    const [one] = stage.join('one')
    stage.answer(one, [first!])
    for (const entry of [first!, second!, second!]) stage.dispatcher.cancel(entry, UNWANTED)
    expect(stage.settledAs).toEqual([
      ['a', 'A'],
      ['b', 'ABORTED'],
    ])
    expect(stage.cancelled.length).toBe(1)
    expect(stage.dispatcher.counts.cancelled).toBe(1)
  })

  it('does not run again when its worker dies', () => {
    const stage = new Stage()
    const [entry] = stage.accept(1, short())
    const [one] = stage.join('one')
    stage.dispatcher.cancel(entry!, UNWANTED)
    stage.lose(one)
    expect(stage.dispatcher).toMatchObject({ pending: 0, held: 0, counts: { redelivered: 0 } })
  })

  it('and does not end within its grace costs its worker, and its neighbours run again uncharged', () => {
    const stage = new Stage({ concurrency: 2 })
    const [entry] = stage.accept(2, long())
    const [one] = stage.join('one')
    stage.dispatcher.cancel(entry!, UNWANTED)
    stage.advance(1_000)
    expect(stage.killed).toEqual([])
    stage.advance(25)
    expect(stage.killed).toEqual([['one', 'it did not end a cancelled task within 1000 ms']])
    stage.lose(one)
    const [two] = stage.join('two')
    expect(stage.has(two)).toEqual(['b'])
    stage.answer(two)
    expect(stage.settledAs).toEqual([
      ['a', 'ABORTED'],
      ['b', 'B'],
    ])
  })

  it('and ends within its grace does not, though its worker goes on to hold others', () => {
    const stage = new Stage({ concurrency: 2 })
    const [entry] = stage.accept(2, long())
    const [one] = stage.join('one')
    stage.dispatcher.cancel(entry!, UNWANTED)
    stage.advance(500)
    stage.answer(one, [entry!], { kind: 'cancelled' })
    stage.advance(5_000)
    expect(stage.killed).toEqual([])
  })

  it('has its grace from when it was cancelled, whatever was cancelled before it', () => {
    const stage = new Stage({ concurrency: 2 })
    const [first, second] = stage.accept(2, long())
    const [one] = stage.join('one')
    stage.dispatcher.cancel(first!, UNWANTED)
    stage.advance(900)
    stage.dispatcher.cancel(second!, UNWANTED)
    stage.answer(one, [first!], { kind: 'cancelled' })
    stage.advance(900)
    expect(stage.killed).toEqual([])
    stage.advance(200)
    expect(stage.killed.length).toBe(1)
  })

  it('and goes on after its time limit costs its worker too', () => {
    const stage = new Stage()
    const [entry] = stage.accept(1, short(), { timeoutMs: 100 })
    const [one] = stage.join('one')
    stage.dispatcher.cancel(entry!, UNWANTED)
    stage.answer(one, [entry!], { kind: 'timeout', timeoutMs: 100, stuck: true })
    expect(stage.killed.map(([id]) => id)).toEqual(['one'])
  })

  it('with all of its owner, in whatever state, leaves those of others', () => {
    const stage = new Stage()
    const other = new Stage()
    stage.accept(4, short(), { retries: 1 })
    const [one, two] = stage.join('one', 'two')
    stage.answer(one, [[...one.holder.entries()][0]!], thrown())
    stage.lose(two)
    stage.accept(3, long())
    const mine = other.accept(1, short())
    stage.dispatcher.accept(mine[0]!)
    expect([stage.dispatcher.held, stage.dispatcher.pending]).toEqual([1, 7])
    stage.dispatcher.cancelAll(stage, UNWANTED)
    expect(stage.settledAs.map(([input, code]) => `${input} ${code}`).sort()).toEqual(
      [...'abcdefg'].map((input) => `${input} ABORTED`),
    )
    expect([stage.dispatcher.held, stage.dispatcher.pending]).toEqual([1, 1])
    stage.answer(one)
    expect(stage.has(one)).toEqual(['a'])
  })
})

describe('a task that went on after its time limit', () => {
  it('costs its worker, and is tried again elsewhere', () => {
    const stage = new Stage()
    stage.accept(1, short(), { timeoutMs: 100, retries: 1 })
    const [one] = stage.join('one')
    stage.answer(one, undefined, { kind: 'timeout', timeoutMs: 100, stuck: true })
    expect(stage.killed).toEqual([['one', 'a task went on after its limit of 100 ms and a grace of 1000 ms']])
    const [two] = stage.join('two')
    stage.advance(100)
    expect([stage.has(one), stage.has(two)]).toEqual([[], ['a']])
  })
})
