import { describe, expect, it } from 'vitest'
import { CRASH, lineOf, Stage, thrown } from './staged-dispatcher.js'

const short = () => lineOf('short', 0.01)

describe('what a dead worker held', () => {
  it('runs again, one to a worker, on workers that have nothing else', () => {
    const stage = new Stage()
    stage.accept(6, short())
    const [one, two] = stage.join('one', 'two')
    stage.lose(one)
    expect([stage.has(two), stage.dispatcher.pending]).toEqual([['d', 'e', 'f'], 3])
    const [three] = stage.join('three')
    expect(stage.has(three)).toEqual(['a'])
    stage.accept(9, short())
    stage.endTurn()
    expect(stage.has(three)).toEqual(['a'])
    stage.answer(two)
    expect(stage.has(two)).toEqual(['b'])
    stage.answer(two)
    expect(stage.has(two)).toEqual(['c'])
    expect(stage.dispatcher.counts.redelivered).toBe(3)
  })

  it('goes before what was not begun, and the rest follows when it is placed', () => {
    const stage = new Stage()
    stage.accept(2, short())
    const [one] = stage.join('one')
    stage.accept(2, short())
    stage.lose(one)
    const [two, three] = stage.join('two', 'three')
    expect([stage.has(two), stage.has(three)]).toEqual([['a'], ['b']])
    stage.answer(two)
    expect(stage.has(two)).toEqual(['c', 'd'])
  })

  it('is a try more for its task', () => {
    const stage = new Stage()
    const [entry] = stage.accept(1, short())
    const [one, two] = stage.join('one', 'two')
    stage.lose(one)
    expect(entry!.attempts).toBe(2)
    stage.answer(two)
    expect(stage.settledAs).toEqual([['a', 'A']])
  })

  it('does not include what it had answered before', () => {
    const stage = new Stage()
    stage.accept(2, short())
    const [one] = stage.join('one')
    stage.answer(one, [[...one.holder.entries()][0]!])
    stage.lose(one)
    const [two] = stage.join('two')
    expect(stage.has(two)).toEqual(['b'])
  })

  it('is told once, however often the death is', () => {
    const stage = new Stage()
    stage.accept(1, short())
    const [one] = stage.join('one')
    stage.lose(one)
    stage.lose(one)
    expect(stage.dispatcher).toMatchObject({ pending: 1, held: 0 })
  })

  it('was nothing when it died idle', () => {
    const stage = new Stage()
    const [one] = stage.join('one')
    stage.lose(one)
    expect(stage.dispatcher.counts.redelivered).toBe(0)
  })

  it('leaves the worker that runs it open to other tasks again, though it cannot be encoded any more', () => {
    const stage = new Stage()
    stage.accept(1, short())
    const [one] = stage.join('one')
    stage.unencodable.add('a')
    stage.lose(one)
    const [two] = stage.join('two')
    expect(stage.settledAs).toEqual([['a', 'INVALID_INPUT']])
    stage.accept(1, short())
    expect(stage.has(two)).toEqual(['b'])
  })
})

describe('a task that was alone on workers that died', () => {
  it('is poisoned after three of them', () => {
    const stage = new Stage()
    const [entry] = stage.accept(1, short())
    for (const id of ['one', 'two', 'three']) {
      expect(stage.settledAs).toEqual([])
      stage.lose(stage.join(id)[0])
    }
    expect(stage.settledAs).toEqual([['a', 'TASK_POISONED']])
    expect(entry!.reason).toMatchObject({ task: 'short', key: '<a>', attempt: 3, deaths: 3, cause: CRASH })
    expect(stage.dispatcher.counts).toMatchObject({ failed: 1, redelivered: 2 })
  })

  it('is not charged with a death in company', () => {
    const stage = new Stage()
    stage.accept(2, short())
    stage.lose(stage.join('one')[0])
    // Two deaths alone for each of them, in turns, and then the third of one.
    for (const id of ['two', 'three', 'four', 'five']) stage.lose(stage.join(id)[0])
    expect(stage.settledAs).toEqual([])
    stage.lose(stage.join('six')[0])
    expect(stage.settledAs).toEqual([['a', 'TASK_POISONED']])
  })

  it('is not charged with a death that the farm caused', () => {
    const stage = new Stage()
    stage.accept(1, short())
    for (const id of ['one', 'two', 'three', 'four']) {
      const [seat] = stage.join(id)
      seat.condemned = 'the farm ended it'
      stage.lose(seat)
    }
    const [last] = stage.join('last')
    stage.answer(last)
    expect(stage.settledAs).toEqual([['a', 'A']])
  })
})

describe("onWorkerLost 'fail'", () => {
  const failing = (concurrency = 1) => new Stage({ onWorkerLost: 'fail', concurrency })

  it('sends nothing ahead, however short the tasks are', () => {
    const stage = failing(2)
    stage.accept(20, short())
    const [one, two] = stage.join('one', 'two')
    expect([one.holder.held, two.holder.held]).toEqual([2, 2])
    stage.answer(one, [[...one.holder.entries()][0]!])
    expect(one.holder.held).toBe(2)
  })

  it('fails what was held, and runs the rest', () => {
    const stage = failing()
    const [entry] = stage.accept(2, short())
    const [one] = stage.join('one')
    stage.lose(one)
    expect(entry!.reason).toMatchObject({ code: 'WORKER_LOST', attempt: 1, cause: CRASH })
    const [two] = stage.join('two')
    stage.answer(two)
    expect(stage.settledAs).toEqual([
      ['a', 'WORKER_LOST'],
      ['b', 'B'],
    ])
    expect(stage.dispatcher.counts).toMatchObject({ failed: 1, done: 1, redelivered: 0 })
  })

  it('still tries again what failed by itself', () => {
    const stage = failing()
    stage.accept(1, short(), { retries: 1 })
    const [one] = stage.join('one')
    stage.answer(one, undefined, thrown())
    stage.advance(100)
    stage.answer(one)
    expect(stage.settledAs).toEqual([['a', 'A']])
  })
})

describe('a silent worker', () => {
  it('whose only task is over its limit and grace is killed, and the task fails', () => {
    const stage = new Stage({ graceMs: 50 })
    stage.accept(1, short(), { timeoutMs: 100 })
    stage.join('one')
    stage.advance(150)
    expect(stage.killed).toEqual([])
    stage.advance(25)
    expect(stage.killed).toEqual([['one', 'a task blocked its event loop for longer than its limit']])
    expect(stage.settledAs).toEqual([['a', 'TIMEOUT']])
    stage.advance(1_000)
    expect(stage.killed.length).toBe(1)
  })

  it('that is heard meanwhile lives', () => {
    const stage = new Stage({ graceMs: 50 })
    stage.accept(1, short(), { timeoutMs: 100 })
    const [one] = stage.join('one')
    for (let n = 0; n < 20; n++) {
      stage.advance(100)
      stage.dispatcher.heard(one)
    }
    expect(stage.killed).toEqual([])
  })

  it('of several tasks with a limit is killed, and each runs again alone until the guilty is found', () => {
    const stage = new Stage({ graceMs: 50 })
    stage.accept(3, short(), { timeoutMs: 100 })
    const [one] = stage.join('one')
    stage.advance(175)
    expect([stage.killed.length, stage.settledAs]).toEqual([1, []])
    stage.lose(one)
    const [two, three] = stage.join('two', 'three')
    stage.answer(two)
    expect([stage.has(two), stage.has(three)]).toEqual([['c'], ['b']])
    stage.answer(two)
    stage.advance(175)
    expect(stage.killed.map(([id]) => id)).toEqual(['one', 'three'])
    stage.lose(three)
    expect(stage.settledAs).toEqual([
      ['a', 'A'],
      ['c', 'C'],
      ['b', 'TIMEOUT'],
    ])
  })

  it('may be silent for as long as it wants while what may run in it has no limit', () => {
    const stage = new Stage({ graceMs: 50, concurrency: 2 })
    const line = short()
    stage.accept(1, line)
    stage.accept(1, line, { timeoutMs: 100 })
    stage.join('one')
    stage.advance(10_000)
    expect(stage.killed).toEqual([])
  })

  it('is judged by what runs in it, not by what waits behind that', () => {
    const stage = new Stage({ graceMs: 50 })
    const line = short()
    stage.accept(1, line, { timeoutMs: 100 })
    stage.accept(1, line)
    stage.join('one')
    stage.advance(175)
    expect(stage.killed.length).toBe(1)
  })

  it('is killed after hangMs whatever its tasks are, and its only task fails with that limit', () => {
    const stage = new Stage({ hangMs: 300 })
    const [entry] = stage.accept(1, short())
    stage.join('one')
    stage.advance(300)
    expect(stage.killed).toEqual([])
    stage.advance(25)
    expect(stage.killed.length).toBe(1)
    expect(entry!.reason).toMatchObject({ code: 'TIMEOUT', timeoutMs: 300 })
  })

  it('is not judged by the time in which it had nothing to do', () => {
    const stage = new Stage({ hangMs: 300 })
    stage.join('one')
    stage.advance(1_000)
    stage.accept(1, short())
    stage.advance(300)
    expect(stage.killed).toEqual([])
  })

  it('is charged to its task, which is tried again on another if it has retries', () => {
    const stage = new Stage({ hangMs: 300 })
    stage.accept(1, short(), { retries: 1 })
    const [one] = stage.join('one')
    stage.advance(325)
    stage.lose(one)
    const [two] = stage.join('two')
    stage.advance(100)
    stage.answer(two)
    expect(stage.settledAs).toEqual([['a', 'A']])
  })

  it('gets nothing that is accepted when its task is given up', () => {
    const stage = new Stage({ hangMs: 300 })
    stage.onSettled = () => {
      if (stage.settledAs.length === 1) stage.accept(1, short())
    }
    stage.accept(1, short())
    const [one] = stage.join('one')
    stage.advance(325)
    expect(stage.has(one)).toEqual([])
    stage.lose(one)
    const [two] = stage.join('two')
    expect(stage.has(two)).toEqual(['b'])
  })
})
