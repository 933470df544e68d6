import { describe, expect, it } from 'vitest'
import { KeyChains } from '../../dist/farm/key-chains.js'
import { Entry } from '../../dist/farm/ledger.js'
import { lineOf, Stage, thrown, UNWANTED } from './staged-dispatcher.js'

const long = () => lineOf('long', 1_000)
const short = () => lineOf('short', 0.01)
const STUCK = { kind: 'timeout', timeoutMs: 100, stuck: true } as const

describe('tasks of one key', () => {
  it('run one at a time in the order in which they were given, beside those of others', () => {
    const stage = new Stage({ concurrency: 4 })
    const line = short()
    const [one, two] = stage.join('one', 'two')
    stage.accept(3, line, { key: 'x' })
    stage.accept(2, line, { key: 'y' })
    stage.accept(1, line)
    stage.endTurn()
    const under = () => [...stage.has(one), ...stage.has(two)].sort()
    expect([under(), stage.dispatcher.pending]).toEqual([['a', 'd', 'f'], 3])
    for (const seat of [one, two]) stage.answer(seat)
    expect(under()).toEqual(['b', 'e'])
    for (const seat of [one, two]) stage.answer(seat)
    expect(under()).toEqual(['c'])
  })

  it('wait until the one before is settled, with all its tries', () => {
    const stage = new Stage()
    const [one] = stage.join('one')
    stage.accept(2, long(), { key: 'x', retries: 1 })
    stage.answer(one, undefined, thrown())
    expect(stage.has(one)).toEqual([])
    stage.advance(100)
    expect(stage.has(one)).toEqual(['a'])
    stage.answer(one, undefined, thrown())
    expect([stage.settledAs, stage.has(one)]).toEqual([[['a', 'TASK_FAILED']], ['b']])
  })

  it('keep their order over deaths', () => {
    const stage = new Stage()
    const [one, two] = stage.join('one', 'two')
    stage.accept(2, long(), { key: 'x' })
    stage.lose(one)
    expect(stage.has(two)).toEqual(['a'])
    stage.answer(two)
    expect(stage.has(two)).toEqual(['b'])
  })

  it('keep their order whatever their priorities', () => {
    const stage = new Stage()
    stage.accept(1, long(), { key: 'x' })
    stage.accept(1, long(), { key: 'x', priority: 9 })
    const [one] = stage.join('one')
    expect(stage.has(one)).toEqual(['a'])
  })

  it('do not begin beside one that was cancelled, before its worker has let it go', () => {
    const stage = new Stage()
    const [one, two] = stage.join('one', 'two')
    const [entry] = stage.accept(2, long(), { key: 'x' })
    stage.dispatcher.cancel(entry!, UNWANTED)
    stage.endTurn()
    expect([stage.settledAs.length, stage.has(two)]).toEqual([1, []])
    stage.answer(one, [entry!], { kind: 'cancelled' })
    expect([...stage.has(one), ...stage.has(two)]).toEqual(['b'])
  })

  it('do not begin beside one that goes on after its limit, before its worker has died', () => {
    const stage = new Stage()
    const [one, two] = stage.join('one', 'two')
    const [entry] = stage.accept(2, long(), { key: 'x', timeoutMs: 100 })
    stage.answer(one, [entry!], STUCK)
    stage.advance(50)
    expect([stage.settledAs, stage.killed.length, stage.has(two)]).toEqual([[], 1, []])
    stage.lose(one)
    expect([stage.settledAs, stage.has(two)]).toEqual([[['a', 'TIMEOUT']], ['b']])
  })

  it('do not begin beside one that blocks its worker, before that has died', () => {
    const stage = new Stage()
    const [one, two] = stage.join('one', 'two')
    stage.accept(2, long(), { key: 'x', timeoutMs: 100 })
    stage.advance(1_200)
    expect([stage.settledAs, stage.killed.length, stage.has(two)]).toEqual([[], 1, []])
    stage.lose(one)
    expect([stage.settledAs, stage.has(two)]).toEqual([[['a', 'TIMEOUT']], ['b']])
  })

  it('are passed over when they were cancelled while they waited', () => {
    const stage = new Stage()
    const [one] = stage.join('one')
    const [, second] = stage.accept(3, long(), { key: 'x' })
    stage.dispatcher.cancel(second!, UNWANTED)
    stage.answer(one)
    expect([stage.has(one), stage.dispatcher.pending]).toEqual([['c'], 0])
  })

  it('end with their owner, and with the farm', () => {
    const stage = new Stage()
    stage.accept(3, long(), { key: 'x' })
    stage.dispatcher.cancelAll(stage, UNWANTED)
    expect([stage.settledAs.length, stage.dispatcher.pending, stage.unheld]).toEqual([3, 0, 0])
    stage.accept(3, long(), { key: 'x' })
    stage.dispatcher.abandon(UNWANTED)
    expect([stage.settledAs.length, stage.dispatcher.pending, stage.unheld]).toEqual([6, 0, 0])
  })

  it('go on after one that could not be encoded', () => {
    const stage = new Stage()
    stage.unencodable.add('a')
    stage.accept(2, long(), { key: 'x' })
    const [one] = stage.join('one')
    expect([stage.settledAs, stage.has(one)]).toEqual([[['a', 'INVALID_INPUT']], ['b']])
  })
})

it('keys of which no task is left are forgotten', () => {
  const chains = new KeyChains()
  const stage = new Stage()
  const line = long()
  for (let n = 0; n < 10_000; n++) {
    const [first, second] = [0, 1].map(() =>
      Object.assign(new Entry(line, n, n, 0, 0, stage), { orderKey: `key ${n}` }),
    )
    expect([chains.enter(first!), chains.enter(second!)]).toEqual([true, false])
    expect(chains.leave(first!)).toBe(second)
    expect(chains.leave(second!)).toBeUndefined()
  }
  expect([chains.keys, chains.waiting]).toEqual([0, 0])
})
