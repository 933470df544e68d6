import { describe, expect, it } from 'vitest'
import { TaskQueue } from '../../dist/farm/task-queue.js'
import { lineOf, Stage, UNWANTED } from './staged-dispatcher.js'

const long = () => lineOf('long', 1_000)
const short = () => lineOf('short', 0.01)

/** The inputs in the order in which one worker gets them, one at a time. */
function drain(stage: Stage, seat = stage.join('only')[0]): string {
  while (seat.holder.held > 0) stage.answer(seat)
  return stage
    .frames()
    .map(([, inputs]) => inputs)
    .join('')
}

describe('a task of a higher priority', () => {
  it('goes before all that wait, and within one priority the first to come is the first to go', () => {
    const stage = new Stage()
    const line = long()
    stage.accept(2, line)
    stage.accept(2, line, { priority: 5 })
    stage.accept(1, line, { priority: -1 })
    stage.accept(1, line)
    stage.accept(1, line, { priority: 5 })
    stage.accept(1, line, { priority: 7 })
    expect(drain(stage)).toBe('hcdgabfe')
  })

  it('takes nothing from a worker that has begun', () => {
    const stage = new Stage()
    const [one] = stage.join('one')
    stage.accept(1, long())
    stage.accept(1, long(), { priority: 1 })
    stage.endTurn()
    expect([stage.has(one), stage.cancelled]).toEqual([['a'], []])
  })

  it('goes first also among the tasks that a worker died with', () => {
    const stage = new Stage({ concurrency: 2 })
    const line = long()
    stage.accept(1, line)
    stage.accept(1, line, { priority: 1 })
    stage.lose(stage.join('one')[0])
    const [two] = stage.join('two')
    expect(stage.has(two)).toEqual(['b'])
  })

  it('may be cancelled while it waits, and leaves nothing', () => {
    const stage = new Stage()
    const [entry] = stage.accept(1, long(), { priority: 3 })
    stage.accept(1, long())
    stage.dispatcher.cancel(entry!, UNWANTED)
    expect(stage.dispatcher.pending).toBe(1)
    expect(drain(stage)).toBe('b')
  })
})

describe('a task with tags', () => {
  it('goes only to a worker that has all of them', () => {
    const stage = new Stage()
    const plain = stage.joinTagged('plain')
    const gpu = stage.joinTagged('gpu', 'gpu')
    const both = stage.joinTagged('both', 'gpu', 'big')
    stage.accept(1, long(), { tags: ['big', 'gpu'] })
    stage.accept(1, long(), { tags: ['big'] })
    stage.endTurn()
    expect([plain, gpu, both].map(stage.has)).toEqual([[], [], ['a']])
    stage.answer(both)
    expect(stage.has(both)).toEqual(['b'])
  })

  it('that must wait does not stop those behind it, and is the next on its worker', () => {
    const stage = new Stage()
    const plain = stage.joinTagged('plain')
    const gpu = stage.joinTagged('gpu', 'gpu')
    stage.accept(2, long(), { tags: ['gpu'] })
    stage.accept(3, long())
    stage.endTurn()
    expect([stage.has(gpu), stage.has(plain)]).toEqual([['a'], ['c']])
    stage.answer(plain)
    stage.answer(gpu)
    expect([stage.has(gpu), stage.has(plain)]).toEqual([['b'], ['d']])
    stage.answer(gpu)
    expect(stage.has(gpu)).toEqual(['e'])
  })

  it('keeps its worker from filling up with what came after it', () => {
    const stage = new Stage()
    const gpu = stage.joinTagged('gpu', 'gpu')
    stage.accept(3, long(), { tags: ['gpu'] })
    stage.accept(50, short())
    stage.endTurn()
    expect(stage.has(gpu)).toEqual(['a'])
    stage.answer(gpu)
    expect(stage.has(gpu)).toEqual(['b'])
  })

  it('waits while no such worker is there but one may come', () => {
    const stage = new Stage()
    stage.routes = [new Set(), new Set(['gpu'])]
    stage.accept(1, long(), { tags: ['gpu'] })
    const plain = stage.joinTagged('plain')
    stage.accept(1, long())
    stage.endTurn()
    expect(stage.has(plain)).toEqual(['b'])
    expect(stage.has(stage.joinTagged('gpu', 'gpu'))).toEqual(['a'])
  })

  it('that no worker can ever have is refused at once, with the tags that there are', () => {
    const stage = new Stage()
    stage.routes = [new Set(), new Set(['gpu', 'big'])]
    const [entry] = stage.accept(1, long(), { tags: ['gpu', 'disk'] })
    expect(stage.settledAs).toEqual([['a', 'UNROUTABLE']])
    expect(entry!.reason).toMatchObject({
      message: expect.stringContaining('asks for a worker with disk + gpu; there are: no tags, big + gpu'),
      tags: ['disk', 'gpu'],
    })
    expect(stage.dispatcher).toMatchObject({ pending: 0, held: 0, counts: { failed: 1 } })
    expect(stage.unheld).toBe(0)
  })

  it('runs alone after a death on a worker that has them, and the other workers go on', () => {
    const stage = new Stage({ concurrency: 2 })
    stage.routes = [new Set(['gpu'])]
    stage.accept(2, long(), { tags: ['gpu'] })
    const one = stage.joinTagged('one', 'gpu')
    const plain = stage.joinTagged('plain')
    stage.lose(one)
    stage.accept(2, long())
    stage.endTurn()
    expect(stage.has(plain)).toEqual(['c', 'd'])
    const two = stage.joinTagged('two', 'gpu')
    expect(stage.has(two)).toEqual(['a'])
    stage.accept(1, long())
    stage.endTurn()
    expect(stage.has(two)).toEqual(['a'])
    stage.answer(two)
    expect(stage.has(two)).toEqual(['b'])
  })
})

describe('the queue', () => {
  it('keeps nothing of priorities and tags once their tasks are gone', () => {
    const stage = new Stage()
    stage.routes = [new Set('0123456')]
    const queue = new TaskQueue()
    for (let priority = 0; priority < 1_000; priority++) {
      for (const entry of stage.accept(2, long(), { priority, tags: [`${priority % 7}`] })) queue.push(entry)
    }
    const priorities = [...queue.lanes()].map(({ routing }) => routing!.priority)
    expect(priorities).toEqual([...Array(1_000).keys()].reverse())
    expect(queue.takeAll().length).toBe(2_000)
    expect([queue.size, [...queue.lanes()]]).toEqual([0, []])
  })
})
