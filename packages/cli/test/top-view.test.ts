import { describe, expect, it } from 'vitest'
import { linesOf } from '../dist/top-view.js'

const times = { count: 1_237, sumMs: 9_000, p50Ms: 0.0123, p99Ms: 8.04, maxMs: 12_345 }
const none = { count: 0, sumMs: 0 }
const worker = (number: number, held = 1, tags: string[] = []) => ({
  ...{ id: `worker-${number}`, pid: 4_000 + number, incarnation: 'i', state: 'working', isolation: 'process' },
  ...{ tags, held, done: 1_234, failed: 0, memoryMiB: 57.8 },
})
const farm = (workers: ReturnType<typeof worker>[], more = {}) =>
  ({
    ...{ kind: 'farm', endpoint: 'tcp://127.0.0.1:7700', time: '2026-01-01T00:00:00.000Z', state: 'running' },
    ...{ pending: 5_678, held: 12, dispatched: 1_300, done: 1_234, failed: 3, cancelled: 0 },
    ...{ retried: 2, redelivered: 1, speculated: 7, restarts: 1, recycled: 0, denied: 0, strays: 0 },
    ...{ paused: false, draining: false },
    ...{ tasksPerSecond: 616.7, queueTime: none, runTime: times, workers },
    workerStates: { starting: 0, idle: 0, working: workers.length, leaving: 0 },
    ...more,
  }) as Parameters<typeof linesOf>[0]

describe('the view of a farm', () => {
  it('has its numbers, with units that fit them', () => {
    expect(linesOf(farm([worker(1, 1, ['gpu', 'big'])]))).toEqual([
      'farm at tcp://127.0.0.1:7700: running',
      '',
      'tasks     5,678 pending, 12 held, 1,234 done, 3 failed, 0 cancelled, 617/s',
      '          1,300 dispatched, 2 retried, 1 redelivered, 7 speculated',
      'workers   0 starting, 0 idle, 1 working, 0 leaving',
      '          1 restart, 0 recycled',
      '',
      'time           p50       p99       max     count',
      'run        12.3 us   8.04 ms    12.3 s     1,237',
      'queue            -         -         -         0',
      '',
      'worker    state          pid      held      done    failed    memory  tags',
      'worker-1  working       4001         1     1,234         0    58 MiB  gpu big',
    ])
  })

  it('says that it is paused and that it drains', () => {
    const [head] = linesOf(farm([], { paused: true, draining: true }))
    expect(head).toBe('farm at tcp://127.0.0.1:7700: running, paused, draining')
  })

  it('shows the busiest workers where there is no room for all, and says how many more there are', () => {
    const workers = Array.from({ length: 50 }, (_, number) => worker(number, number))
    const lines = linesOf(farm(workers), { columns: 80, rows: 20 })
    expect(lines.length).toBe(20)
    expect(lines.at(-1)).toBe('and 43 more')
    expect(lines.at(12)).toMatch(/^worker-49/)
    expect(linesOf(farm(workers)).length).toBe(62)
  })

  it('shows names that would play tricks on a terminal harmlessly', () => {
    const text = linesOf(farm([worker(1, 1, ['\x1b]0;title\x07', 'a\u202eb'])])).join('\n')
    expect(text).toMatch(/\?\]0;title\? a\?b$/)
  })
})

describe('the view of a service', () => {
  const health = {
    ...{ kind: 'service', endpoint: 'tcp://127.0.0.1:7000', time: '2026-01-01T00:00:00.000Z', status: 'serving' },
    ...{ service: 'shop', version: '2', instance: 'i', running: 3, queued: 1, sessions: 2, uptimeMs: 65_000 },
    procedures: ['quote', 'ticks'],
  }

  it('has what the service tells', () => {
    const counts = { done: 1_234, failed: 1, cancelled: 0, overloaded: 2, workers: 4, callsPerSecond: 2.34 }
    expect(linesOf({ ...health, ...counts } as never)).toEqual([
      'service shop 2 at tcp://127.0.0.1:7000: serving, for 1 min 5 s',
      '',
      'calls     3 running, 1 queued, 1,234 done, 1 failed, 0 cancelled, 2 overloaded, 2.3/s',
      'clients   2',
      'workers   4',
      'offers    quote, ticks',
    ])
  })

  it('leaves out what a server does not tell', () => {
    expect(linesOf({ ...health, version: null } as never)).toEqual([
      'service shop at tcp://127.0.0.1:7000: serving, for 1 min 5 s',
      '',
      'calls     3 running, 1 queued',
      'clients   2',
      'offers    quote, ticks',
    ])
  })
})
