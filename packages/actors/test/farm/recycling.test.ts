import { describe, expect, it } from 'vitest'
import { dueForRecycling } from '../../dist/farm/recycling.js'

const workers = (...ended: number[]) => ended.map((count, n) => ({ id: `w${n}`, ended: count, memoryMiB: 10 * count }))

describe('recycling', () => {
  it('replaces a worker that has done its share, and no other', () => {
    expect(dueForRecycling(workers(9, 10), { maxTasks: 10 }, 0)).toEqual(['w1'])
    expect(dueForRecycling(workers(9, 10), { maxTasks: 0 }, 0)).toEqual([])
  })

  it('replaces a worker that uses too much memory', () => {
    expect(dueForRecycling(workers(9, 10), { maxTasks: 0, maxMemoryMiB: 95 }, 0)).toEqual(['w1'])
  })

  it('replaces one at a time, or a quarter, the most worn first', () => {
    expect(dueForRecycling(workers(10, 12, 11), { maxTasks: 10 }, 0)).toEqual(['w1'])
    expect(dueForRecycling(workers(10, 12), { maxTasks: 10 }, 1)).toEqual([])
    expect(dueForRecycling(workers(10, 12, 11, 13, 10, 10, 10, 10), { maxTasks: 10 }, 0)).toEqual(['w3', 'w1'])
  })
})
