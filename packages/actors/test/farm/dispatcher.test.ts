import { describe, expect, it } from 'vitest'
import { CRASH, lineOf, Stage, thrown, UNWANTED } from './staged-dispatcher.js'

const short = () => lineOf('short', 0.01)

describe('giving', () => {
  it('sends a lone task at once, and what follows it in the same turn at its end', () => {
    const stage = new Stage()
    stage.join('one', 'two')
    stage.accept(3, short())
    expect(stage.frames()).toEqual([['one', 'a']])
    stage.endTurn()
    expect(stage.frames()).toEqual([
      ['one', 'a'],
      ['two', 'bc'],
    ])
  })

  it('sends the tasks of one turn in few frames, a share to each worker', () => {
    const stage = new Stage()
    stage.accept(20, short())
    stage.join('one', 'two')
    expect(stage.sent.map(({ entries }) => entries.length)).toEqual([10, 10])
  })

  it('sends the share of a worker that has answered before the turn ends, so that the workers do not go in step', () => {
    const stage = new Stage()
    const line = short()
    stage.accept(256, line)
    const [one, two] = stage.join('one', 'two')
    stage.answerWithin(one)
    stage.accept(127, line)
    expect([one.holder.held, two.holder.held]).toEqual([0, 128])
    stage.accept(1, line)
    expect([one.holder.held, two.holder.held]).toEqual([128, 128])
    expect(stage.sent).toHaveLength(3)
  })

  it('waits for the end of the turn with less than a frame is worth, and with a single worker', () => {
    const line = short()
    const few = new Stage()
    few.accept(20, line)
    const [one] = few.join('one', 'two')
    few.answerWithin(one)
    few.accept(63, line)
    expect(few.sent).toHaveLength(2)
    const single = new Stage()
    single.accept(256, line)
    const [only] = single.join('one')
    single.answerWithin(only, [...only.holder.entries()].slice(0, 200))
    single.accept(200, line)
    expect(single.sent).toHaveLength(1)
    single.endTurn()
    expect(single.sent).toHaveLength(2)
  })

  it('numbers tries by consecutive tickets, none twice', () => {
    const stage = new Stage()
    stage.accept(4, short())
    const [one, two] = stage.join('one', 'two')
    stage.lose(one)
    while (two.holder.held > 0) stage.answer(two)
    const tickets = stage.sent.flatMap(({ firstTicket, entries }) => entries.map((_, index) => firstTicket + index))
    expect(tickets).toEqual([1, 2, 3, 4, 5, 6])
  })

  it('gives to the worker with the least outstanding work', () => {
    const stage = new Stage({ concurrency: 4 })
    const long = lineOf('long', 1_000)
    const [one, two] = stage.join('one', 'two')
    stage.accept(4, long)
    stage.endTurn()
    expect([stage.has(one), stage.has(two)]).toEqual([
      ['a', 'd'],
      ['b', 'c'],
    ])
    stage.answer(two)
    stage.accept(1, long)
    stage.endTurn()
    expect(stage.has(two)).toEqual(['e'])
  })

  it('starts tasks of unknown cost singly, then sends more ahead with each answer', () => {
    const stage = new Stage()
    const [one] = stage.join('one')
    stage.accept(100, lineOf('unknown'))
    stage.endTurn()
    const held = [one.holder.held]
    for (let n = 0; n < 3; n++) {
      stage.answer(one)
      held.push(one.holder.held)
    }
    expect(held).toEqual([1, 2, 4, 8])
  })

  it('sends no more ahead of a worker than it is estimated to do in a short time', () => {
    const stage = new Stage()
    stage.accept(100, lineOf('of 2 ms', 2))
    const [one] = stage.join('one')
    expect([one.holder.held, stage.dispatcher.pending, stage.dispatcher.held]).toEqual([18, 82, 18])
  })

  it('lets what a worker has run down to half before it sends more', () => {
    const stage = new Stage()
    stage.accept(100, lineOf('of 2 ms', 2))
    const [one] = stage.join('one')
    const entries = [...one.holder.entries()]
    stage.answer(one, entries.slice(0, 8))
    expect(one.holder.held).toBe(10)
    stage.answer(one, entries.slice(8, 9))
    expect(one.holder.held).toBe(18)
  })

  it('keeps the order of the tasks, and one task in each frame', () => {
    const stage = new Stage()
    const line = short()
    stage.accept(2, line)
    stage.accept(2, lineOf('other', 0.01))
    stage.accept(1, line)
    const [one] = stage.join('one')
    expect(stage.frames()).toEqual([
      ['one', 'ab'],
      ['one', 'cd'],
    ])
    stage.answer(one, [...one.holder.entries()].slice(0, 3))
    expect(stage.frames().at(-1)).toEqual(['one', 'e'])
  })

  it('what comes in small shares waits while every worker has enough to do, and goes in frames of half of what each may have', () => {
    const stage = new Stage()
    const line = short()
    const [one, two] = stage.join('one', 'two')
    stage.accept(32, line)
    stage.endTurn()
    expect([one.holder.held, two.holder.held]).toEqual([16, 16])
    const before = stage.sent.length
    for (let turn = 0; turn < 8; turn++) {
      stage.answerWithin(one, [...one.holder.entries()].slice(0, 2))
      stage.accept(2, line)
      stage.endTurn()
    }
    expect(stage.sent.slice(before).map(({ seat, entries }) => [seat.id, entries.length])).toEqual([
      ['one', 8],
      ['one', 8],
    ])
  })

  it('nothing waits while a worker has nothing to do', () => {
    const stage = new Stage()
    const line = short()
    const [one, two] = stage.join('one', 'two')
    stage.accept(32, line)
    stage.endTurn()
    stage.answerWithin(two)
    stage.accept(1, line)
    stage.endTurn()
    expect([one.holder.held, two.holder.held]).toEqual([16, 1])
  })

  it('waits for a worker while there is none', () => {
    const stage = new Stage()
    stage.accept(2, short())
    stage.endTurn()
    expect([stage.dispatcher.pending, stage.sent.length]).toEqual([2, 0])
    stage.join('one')
    expect([stage.dispatcher.pending, stage.dispatcher.held]).toEqual([0, 2])
  })

  it('gives nothing more to a worker that is leaving or condemned', () => {
    const stage = new Stage()
    const [one, two, three] = stage.join('one', 'two', 'three')
    one.leaving = true
    two.condemned = 'it is to go'
    stage.accept(5, short())
    stage.endTurn()
    expect([one, two, three].map(({ holder }) => holder.held)).toEqual([0, 0, 5])
  })

  it('rejects what cannot be encoded and sends the rest, though more is accepted meanwhile', () => {
    const stage = new Stage()
    stage.unencodable.add('a')
    stage.onSettled = ({ reason }) => {
      if (reason !== undefined) stage.accept(1, short())
    }
    stage.accept(2, short())
    const [one] = stage.join('one')
    expect(stage.has(one)).toEqual(['b', 'c'])
    stage.answer(one)
    expect(stage.settledAs).toEqual([
      ['a', 'INVALID_INPUT'],
      ['b', 'B'],
      ['c', 'C'],
    ])
    expect(stage.dispatcher).toMatchObject({ pending: 0, held: 0 })
  })
})

describe('answers', () => {
  it('settle each task once with its own output', () => {
    const stage = new Stage()
    stage.accept(4, short())
    const [one] = stage.join('one')
    const entries = [...one.holder.entries()]
    stage.answer(one, [entries[2]!, entries[0]!])
    stage.answer(one)
    stage.answer(one, entries)
    expect(stage.settledAs).toEqual([
      ['c', 'C'],
      ['a', 'A'],
      ['b', 'B'],
      ['d', 'D'],
    ])
    expect(stage.dispatcher.counts).toMatchObject({ done: 4, failed: 0 })
    expect([one.done, one.holder.held, stage.dispatcher.held]).toEqual([4, 0, 0])
  })

  it('under tickets of a try that another worker has now are dropped', () => {
    const stage = new Stage()
    stage.accept(1, short())
    const [one, two] = stage.join('one', 'two')
    const late = [{ ...one.holder.entries().next().value! }] as never
    stage.lose(one)
    stage.answer(one, late, { value: 'late' })
    stage.answer(two, late, { value: 'late' })
    expect(stage.settledAs).toEqual([])
    stage.answer(two)
    expect(stage.settledAs).toEqual([['a', 'A']])
  })

  it('that do not fit the schema of the output fail their task, which is not tried again', () => {
    const stage = new Stage()
    stage.accept(1, short(), { retries: 5 })
    const [one] = stage.join('one')
    stage.answer(one, undefined, { value: 'misfit' })
    expect(stage.settledAs).toEqual([['a', 'INVALID_OUTPUT']])
  })

  it.each([
    ['thrown', thrown(), 'TASK_FAILED'],
    ['timeout', { kind: 'timeout', timeoutMs: 5, stuck: false } as const, 'TIMEOUT'],
    ['input', { kind: 'input', why: 'is bad' } as const, 'INVALID_INPUT'],
    ['output', { kind: 'output', why: 'is bad' } as const, 'INVALID_OUTPUT'],
  ])('that are a failure (%s) reject their task with a code', (_name, failure, code) => {
    const stage = new Stage()
    const [entry] = stage.accept(1, short())
    const [one] = stage.join('one')
    stage.answer(one, undefined, failure)
    expect(stage.settledAs).toEqual([['a', code]])
    expect(entry!.reason).toMatchObject({ task: 'short', key: '<a>', attempt: 1 })
    expect([one.failed, stage.dispatcher.counts.failed]).toEqual([1, 1])
  })
})

describe('retries', () => {
  it('wait for their backoff, which grows', () => {
    const stage = new Stage({ backoff: { minMs: 100, maxMs: 150, factor: 2, jitter: 0 } })
    stage.accept(1, short(), { retries: 2 })
    const [one] = stage.join('one')
    for (const delayMs of [100, 150]) {
      stage.answer(one, undefined, thrown())
      expect(stage.dispatcher).toMatchObject({ pending: 1, held: 0 })
      stage.advance(delayMs - 1)
      expect(one.holder.held).toBe(0)
      stage.advance(1)
      expect(one.holder.held).toBe(1)
    }
    stage.answer(one)
    expect(stage.settledAs).toEqual([['a', 'A']])
    expect(stage.dispatcher.counts).toMatchObject({ done: 1, failed: 0, retried: 2 })
    expect(stage.clock.pending).toBe(0)
  })

  it('end with the error of the last try', () => {
    const stage = new Stage()
    const [entry] = stage.accept(1, short(), { retries: 1 })
    const [one] = stage.join('one')
    stage.answer(one, undefined, thrown('first'))
    stage.advance(100)
    stage.answer(one, undefined, thrown('second'))
    expect(entry!.reason).toMatchObject({ code: 'TASK_FAILED', attempt: 2, cause: { message: 'second' } })
    expect(stage.dispatcher.counts).toMatchObject({ failed: 1, retried: 1 })
  })

  it('take the randomness that they are given', () => {
    const stage = new Stage({ backoff: { minMs: 100, maxMs: 100, factor: 2, jitter: 1 } }, () => 0.75)
    stage.accept(1, short(), { retries: 1 })
    const [one] = stage.join('one')
    stage.answer(one, undefined, thrown())
    stage.advance(25)
    expect(one.holder.held).toBe(1)
  })

  it('are not spent by a try that the stop of its worker cancelled', () => {
    const stage = new Stage()
    stage.accept(1, short())
    const [one] = stage.join('one')
    stage.answer(one, undefined, { kind: 'cancelled' })
    stage.answer(one)
    expect(stage.settledAs).toEqual([['a', 'A']])
  })
})

describe('abandon', () => {
  it('settles what is queued, suspect, held and waiting, and leaves no timer', () => {
    const stage = new Stage({ concurrency: 2 })
    const long = lineOf('long', 1_000)
    stage.accept(3, long, { retries: 1 })
    const [one, two] = stage.join('one', 'two')
    stage.answer(two, [[...two.holder.entries()][0]!], thrown())
    stage.accept(4, long)
    stage.endTurn()
    stage.lose(one, CRASH)
    expect([stage.dispatcher.held, stage.dispatcher.pending, stage.clock.pending]).toEqual([2, 5, 1])
    stage.dispatcher.abandon(UNWANTED)
    expect(stage.settledAs.map(([, outcome]) => outcome)).toEqual(Array.from({ length: 7 }, () => 'ABORTED'))
    expect(stage.dispatcher).toMatchObject({ pending: 0, held: 0 })
    expect(stage.clock.pending).toBe(0)
    stage.answer(two)
    expect(stage.settledAs.length).toBe(7)
    expect(stage.dispatcher.counts).toMatchObject({ cancelled: 7, done: 0, failed: 0 })
  })
})
