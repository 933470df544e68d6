import { describe, expect, it } from 'vitest'
import { Elastic, type Hand } from '../../dist/farm/elastic.js'
import type { WorkerGroup } from '../../dist/farm/worker-group.js'

const group = (terms: Partial<WorkerGroup> = {}): WorkerGroup => ({
  ...{ min: 0, max: 8, idleMs: 1_000, tags: [], isolation: 'process', env: {} },
  ...terms,
})
const hands = (of: WorkerGroup, count: number, terms: Partial<Hand> = {}): Hand[] =>
  Array.from({ length: count }, (_, n) => ({ id: `w${n}`, group: of, isReady: true, held: 1, ended: 0, ...terms }))
const waiting = (tasks: number, costMs?: number, tags: string[] = []) => [{ tags, tasks, costMs }]

describe('an elastic number of workers', () => {
  it('grows at once from none, by as many as have something to do', () => {
    const all = group()
    expect(new Elastic([all], 1).decide(0, waiting(3), []).start.length).toBe(3)
    expect(new Elastic([all], 2).decide(0, waiting(3), []).start.length).toBe(2)
  })

  it('never grows beyond its maximum', () => {
    const all = group()
    expect(new Elastic([all], 1).decide(0, waiting(100, 1_000), hands(all, 3)).start.length).toBe(5)
    expect(new Elastic([all], 1).decide(0, waiting(100, 1_000), hands(all, 8)).start).toEqual([])
  })

  it('does not grow for what the present workers have done before a worker could start', () => {
    const all = group()
    const elastic = new Elastic([all], 1)
    elastic.started(300)
    // 500 ms of work for two are done in 250 ms.
    expect(elastic.decide(0, waiting(50, 10), hands(all, 2)).start).toEqual([])
    expect(elastic.decide(0, waiting(70, 10), hands(all, 2)).start.length).toBe(3)
  })

  it('takes tasks of unknown cost for long once they have waited as long as a start takes', () => {
    const all = group()
    const elastic = new Elastic([all], 1)
    elastic.started(300)
    expect(elastic.decide(0, waiting(4), hands(all, 1)).start).toEqual([])
    expect(elastic.decide(299, waiting(4), hands(all, 1)).start).toEqual([])
    expect(elastic.decide(300, waiting(4), hands(all, 1)).start.length).toBe(4)
  })

  it('forgets how long they have waited when the queue was empty meanwhile', () => {
    const all = group()
    const elastic = new Elastic([all], 1)
    elastic.started(300)
    elastic.decide(0, waiting(4), hands(all, 1))
    elastic.decide(200, [], hands(all, 1))
    expect(elastic.decide(300, waiting(4), hands(all, 1)).start).toEqual([])
  })

  it('counts those that start already', () => {
    const all = group()
    const starting = hands(all, 2, { isReady: false, held: 0 })
    expect(new Elastic([all], 1).decide(0, waiting(3, 1_000), starting).start.length).toBe(1)
  })

  it('starts workers of the group whose tags wait, and those with the fewest tags first', () => {
    const gpu = group({ tags: ['gpu', 'big'], max: 2 })
    const big = group({ tags: ['big'], max: 1 })
    const bare = group({ max: 1 })
    const started = (tags: string[], tasks: number) =>
      new Elastic([gpu, big, bare], 1).decide(0, waiting(tasks, 1_000, tags), []).start
    expect(started(['gpu'], 5)).toEqual([gpu, gpu])
    expect(started(['big'], 2)).toEqual([big, gpu])
    expect(started([], 1)).toEqual([bare])
    expect(started(['tpu'], 1)).toEqual([])
  })

  it('stops one that was idle for long, and none below its minimum', () => {
    const all = group({ min: 1 })
    const elastic = new Elastic([all], 1)
    const idle = hands(all, 3, { held: 0 })
    expect(elastic.decide(0, [], idle).retire).toEqual([])
    expect(elastic.decide(999, [], idle).retire).toEqual([])
    expect(elastic.decide(1_000, [], idle).retire).toEqual(['w0', 'w1'])
  })

  it('does not take one for idle that has ended tasks between two looks', () => {
    const all = group()
    const elastic = new Elastic([all], 1)
    elastic.decide(0, [], hands(all, 1, { held: 0 }))
    expect(elastic.decide(1_000, [], hands(all, 1, { held: 0, ended: 5 })).retire).toEqual([])
    expect(elastic.decide(2_000, [], hands(all, 1, { held: 0, ended: 5 })).retire).toEqual(['w0'])
  })
})
