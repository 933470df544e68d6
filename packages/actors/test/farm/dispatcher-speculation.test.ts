/**
 * Second runs of stragglers at the end of a map.
 */
import { expect, it } from 'vitest'
import type { Seat } from '../../dist/farm/dispatcher.js'
import type { Speculator } from '../../dist/farm/speculation.js'
import { CRASH, lineOf, Stage, thrown, UNWANTED } from './staged-dispatcher.js'

const MS = 200

/** A stage whose tasks are those of one map, which may be at its end. */
function mapStage({ isAtEnd = true, ...terms }: { isAtEnd?: boolean; onWorkerLost?: 'redeliver' | 'fail' } = {}) {
  const stage = new Stage(terms)
  const map = Object.assign(stage, { speculate: { multiplier: 2, minMs: 100 }, isAtEnd }) satisfies Speculator
  stage.dispatcher.speculation.add(map)
  return { stage, map, line: lineOf('task', MS) }
}

/** Two workers, of which the second has done its task and the first has not. */
function straggling(terms: Parameters<typeof mapStage>[0] = {}) {
  const { stage, map, line } = mapStage(terms)
  const [slow, fast] = stage.join('slow', 'fast')
  const [straggler] = stage.accept(2, line)
  stage.endTurn()
  stage.answer(fast)
  return { stage, map, line, slow, fast, straggler: straggler! }
}

const counts = ({ dispatcher: { counts, pending, held } }: Stage) => ({ ...counts, pending, held })
const end = { done: 2, failed: 0, cancelled: 0, retried: 0, redelivered: 0, pending: 0 }

it('a straggler runs a second time on a worker that has nothing to do, after twice the median and not before', () => {
  const { stage, fast } = straggling()
  stage.advance(2 * MS)
  expect(stage.has(fast)).toEqual([])
  stage.advance(25)
  expect(stage.has(fast)).toEqual(['a'])
  expect(counts(stage).speculated).toBe(1)
})

it('the second run, if it is first, gives the outcome of both, and the first is cancelled', () => {
  const { stage, slow, fast, straggler } = straggling()
  const { ticket } = straggler
  stage.advance(2 * MS + 25)
  stage.answer(fast, undefined, { value: 'of the second' })
  expect(stage.settledAs.at(-1)).toEqual(['a', 'of the second'])
  expect(stage.cancelled).toEqual([['slow', [ticket]]])
  expect(counts(stage)).toMatchObject({ ...end, held: 1 })
  stage.answer(slow)
  expect(counts(stage)).toMatchObject({ ...end, held: 0 })
  expect(stage.settledAs).toHaveLength(2)
})

it('the first run, if it is first, gives the outcome of both, and the second is cancelled', () => {
  const { stage, slow, fast } = straggling()
  stage.advance(2 * MS + 25)
  const [spare] = [...fast.holder.entries()]
  stage.answer(slow, undefined, { value: 'of the first' })
  expect(stage.settledAs.at(-1)).toEqual(['a', 'of the first'])
  expect(stage.cancelled).toEqual([['fast', [spare!.ticket]]])
  expect(counts(stage)).toMatchObject({ ...end, held: 1 })
  stage.answer(fast)
  expect(counts(stage)).toMatchObject({ ...end, held: 0 })
  expect(stage.settledAs).toHaveLength(2)
})

it('a run that is not needed any more and does not end costs its worker, as every task that is cancelled', () => {
  const { stage, fast } = straggling()
  stage.advance(2 * MS + 25)
  stage.answer(fast)
  stage.advance(1_000)
  expect(stage.killed).toEqual([])
  stage.advance(50)
  expect(stage.killed.map(([id]) => id)).toEqual(['slow'])
})

it.each<[string, (stage: Stage, fast: Seat) => void]>([
  ['fails', (stage, fast) => stage.answer(fast, undefined, thrown())],
  ['dies with its worker', (stage, fast) => stage.lose(fast, CRASH)],
  ['gives what does not fit', (stage, fast) => stage.answer(fast, undefined, { value: 'misfit' })],
])('a second run that %s changes nothing, and there is no third', (_, befall) => {
  const { stage, slow, fast } = straggling()
  stage.advance(2 * MS + 25)
  befall(stage, fast)
  stage.join('another')
  stage.advance(10 * MS)
  expect(counts(stage)).toMatchObject({ done: 1, failed: 0, redelivered: 0, speculated: 1, held: 1 })
  stage.answer(slow)
  expect(counts(stage)).toMatchObject({ ...end, speculated: 1, held: 0 })
})

it('the second run goes on when the worker of the first dies, and its outcome counts', () => {
  const { stage, slow, fast } = straggling()
  stage.advance(2 * MS + 25)
  stage.lose(slow)
  stage.answer(fast, undefined, { value: 'of the second' })
  expect(stage.settledAs.at(-1)).toEqual(['a', 'of the second'])
  expect(counts(stage)).toMatchObject({ ...end, redelivered: 1, held: 0 })
})

it('a failure of the first that is final ends the second', () => {
  const { stage, slow, fast } = straggling()
  stage.advance(2 * MS + 25)
  stage.answer(slow, undefined, thrown())
  expect(stage.cancelled.map(([id]) => id)).toEqual(['fast'])
  stage.answer(fast)
  expect(counts(stage)).toMatchObject({ done: 1, failed: 1, cancelled: 0, pending: 0, held: 0 })
})

it('a cancelled map ends both runs', () => {
  const { stage, map } = straggling()
  stage.advance(2 * MS + 25)
  stage.dispatcher.cancelAll(map, UNWANTED)
  expect(stage.cancelled.map(([id]) => id).sort()).toEqual(['fast', 'slow'])
  expect(counts(stage)).toMatchObject({ done: 1, failed: 0, cancelled: 1, pending: 0 })
})

it('nothing runs twice before the end of the map, nor while a task waits, nor in a pause', () => {
  const { stage, map, fast, line } = straggling({ isAtEnd: false })
  stage.advance(10 * MS)
  map.isAtEnd = true
  stage.dispatcher.pause()
  stage.advance(50)
  stage.accept(1, line, { tags: [] })
  stage.advance(50)
  expect(stage.has(fast)).toEqual([])
  stage.dispatcher.resume()
  stage.endTurn()
  expect(stage.has(fast)).toEqual(['c'])
  stage.advance(50)
  expect(stage.has(fast)).toEqual(['c'])
})

it('a second run goes where the tags of the task are, and not to the worker that has the first', () => {
  const { stage, line } = mapStage()
  const first = stage.joinTagged('first', 'gpu')
  stage.accept(2, line, { tags: ['gpu'] })
  stage.endTurn()
  stage.answer(first, [...first.holder.entries()].slice(0, 1))
  const [plain] = stage.join('plain')
  stage.advance(10 * MS)
  expect([stage.has(plain), counts(stage).speculated]).toEqual([[], 0])
  const other = stage.joinTagged('other', 'gpu')
  stage.advance(25)
  expect(stage.has(other)).toEqual(['b'])
})

it('what waits behind a straggler is shared among all that have nothing to do', () => {
  const { stage } = mapStage()
  const short = lineOf('short', 0.1)
  const [stuck, one, two] = stage.join('stuck', 'one', 'two')
  stage.accept(60, short)
  stage.endTurn()
  expect(stuck.holder.held).toBeGreaterThan(10)
  const behind = stuck.holder.held
  stage.answer(one)
  stage.answer(two)
  stage.advance(125)
  expect(one.holder.held + two.holder.held).toBe(behind)
  expect(Math.abs(one.holder.held - two.holder.held)).toBeLessThan(2)
})

it('a task that may have killed a worker does not run twice', () => {
  const { stage, slow, fast } = straggling()
  stage.lose(slow)
  stage.join('another')
  stage.advance(10 * MS)
  expect([stage.has(fast), counts(stage).speculated]).toEqual([['a'], 0])
})
