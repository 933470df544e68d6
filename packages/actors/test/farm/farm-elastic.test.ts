import { describe, expect, it } from 'vitest'
import * as tasks from './fixtures/tasks.mjs'
import { collect, GROUNDS, openFarm, range, until } from './open-farm.js'

const ALIKE = GROUNDS.filter(([name]) => !name.includes('tcp'))
const NOT_INLINE = ALIKE.filter(([, ground]) => ground.isolation !== 'inline')

describe.each(ALIKE)('a farm of an elastic number of %s', (_name, ground) => {
  it('starts with none, grows for what waits, and shrinks when it has nothing to do', async () => {
    const farm = await openFarm({ ...ground, workers: { min: 0, max: 3, idleMs: 300 } })
    expect(farm.stats().workers).toEqual([])
    const waiting = [1, 2, 3, 4, 5].map(() => farm.submit(tasks.deaf, 600))
    await until(() => farm.stats().workers.length === 3)
    expect(await Promise.all(waiting)).toEqual(Array(5).fill('waited'))
    await until(() => farm.stats().workers.length === 0)
    expect(farm.stats()).toMatchObject({ restarts: 0, redelivered: 0 })
  })

  it('maps with none at first', async () => {
    const farm = await openFarm({ ...ground, workers: { max: 2 } })
    expect(await collect(farm.map(tasks.double, range(2_000)))).toEqual([...range(2_000)].map((n) => n * 2))
  })

  it('knows a task of another version once a worker was there', async () => {
    const farm = await openFarm({ ...ground, workers: { max: 1 } })
    expect(await farm.submit(tasks.double, 1)).toBe(2)
    const other = { ...tasks.versioned, version: '3' }
    await expect(farm.submit(other, 1)).rejects.toMatchObject({ code: 'VERSION_MISMATCH' })
  })
})

// The start of an inline worker takes no longer than the queue.
describe.each(NOT_INLINE)('a farm of an elastic number of %s', (_name, ground) => {
  it('stays at its minimum for a queue that is soon done', async () => {
    const farm = await openFarm({ ...ground, workers: { min: 1, max: 4 } })
    await farm.submit(tasks.double, 1)
    await Promise.all([...range(20)].map((n) => farm.submit(tasks.double, n)))
    expect(farm.stats().workers.length).toBe(1)
  })
})

describe('an elastic farm', () => {
  it('gives up when further workers cannot start, with the reason', async () => {
    const file = new URL('./fixtures/throws.mjs', import.meta.url)
    const farm = await openFarm({ tasks: file, workers: { max: 1 }, intensity: 0 })
    await expect(farm.submit(tasks.double, 1)).rejects.toMatchObject({ code: 'RESTART_INTENSITY' })
    expect(await farm.exit).toMatchObject({ error: { cause: { code: 'MODULE_FAILED' } } })
  })

  it('runs groups beside each other, each with its tags, environment and isolation', async () => {
    const farm = await openFarm({
      workers: [
        { count: 1, tags: ['gpu'], env: { GROUP: 'gpu' } },
        { count: 1, isolation: 'thread' },
        { count: 1, isolation: 'inline' },
      ],
    })
    const seen = farm.stats().workers.map(({ tags, isolation }) => [isolation, tags])
    expect(seen).toEqual([
      ['process', ['gpu']],
      ['thread', []],
      ['inline', []],
    ])
    const groups = await collect(farm.map(tasks.groupLater, range(30)))
    expect(new Set(groups)).toEqual(new Set(['gpu', 'none']))
    const pids = await collect(farm.map(tasks.pidLater, Array(30).fill(null)))
    expect(new Set(pids).size).toBe(2)
    expect(await collect(farm.map(tasks.doubleLater, range(300)))).toEqual([...range(300)].map((n) => n * 2))
  })

  it('grows the group whose tags wait, and gives their tasks to it alone', async () => {
    const groups = [{ count: 1 }, { max: 1, tags: ['gpu'], env: { GROUP: 'gpu' } }]
    const farm = await openFarm({ workers: groups })
    const states = () => farm.stats().workers.map(({ tags }) => tags)
    expect(await farm.submit(tasks.groupLater, 1)).toBe('none')
    expect(states()).toEqual([[]])
    expect(await farm.submit(tasks.groupLater, 1, { tags: ['gpu'] })).toBe('gpu')
    expect(states()).toEqual([[], ['gpu']])
    await expect(farm.submit(tasks.groupLater, 1, { tags: ['tpu'] })).rejects.toMatchObject({ code: 'UNROUTABLE' })
  })

  it.each([
    [{ min: 2, max: 1 }, 'workers'],
    [[{ count: 1, max: 2 }], 'workers'],
    [[{ tags: ['a'] }], 'workers'],
    [[], 'workers'],
  ])('refuses workers that cannot be: %j', async (workers, path) => {
    const issue = expect.objectContaining({ path: expect.stringContaining(path) })
    await expect(openFarm({ workers })).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
      issues: expect.arrayContaining([issue]),
    })
  })
})

describe('a worker that leaves', () => {
  it('and is killed before it has ended its tasks is not started again, and its tasks run elsewhere', async () => {
    const farm = await openFarm({ workers: 1, maxTasks: 1, concurrency: 2 })
    const aborter = new AbortController()
    const waiting = farm.submit(tasks.wait, 60_000, { signal: aborter.signal })
    await farm.submit(tasks.pid, null)
    await until(() => farm.stats().workers.some(({ state }) => state === 'leaving'))
    const { pid, incarnation } = farm.stats().workers.find(({ state }) => state === 'leaving')!
    process.kill(pid!, 'SIGKILL')
    await until(() => farm.stats().redelivered === 1 && farm.stats().held === 1)
    await until(() => farm.stats().workers.every((worker) => worker.incarnation !== incarnation))
    expect(farm.stats().restarts).toBe(0)
    aborter.abort()
    await expect(waiting).rejects.toMatchObject({ code: 'ABORTED' })
  })
})

describe.each(ALIKE)('a farm that recycles %s', (_name, ground) => {
  it('replaces workers that have done their share, without a pause, a redelivery or a restart', async () => {
    const farm = await openFarm({ ...ground, workers: 2, maxTasks: 50, onWorkerLost: 'fail', intensity: 0 })
    let fewest = 2
    const outputs: number[] = []
    for await (const output of farm.map(tasks.doubleLater, range(600))) {
      outputs.push(output)
      fewest = Math.min(
        fewest,
        farm.stats().workers.filter(({ state }) => state !== 'starting' && state !== 'leaving').length,
      )
    }
    expect(outputs).toEqual([...range(600)].map((n) => n * 2))
    await until(() => farm.stats().recycled > 0)
    expect(farm.stats()).toMatchObject({ redelivered: 0, restarts: 0, failed: 0 })
    expect(fewest).toBe(2)
  })
})

describe.each(NOT_INLINE)('a farm that recycles %s', (_name, ground) => {
  it('replaces a worker that has grown too large', async () => {
    const farm = await openFarm({ ...ground, workers: 1, maxMemoryMiB: 300, heartbeatMs: 20 })
    const { incarnation } = farm.stats().workers[0]!
    await farm.submit(tasks.hoard, 400)
    await until(
      () => farm.stats().recycled === 1 && farm.stats().workers.every((worker) => worker.incarnation !== incarnation),
    )
    expect(await farm.submit(tasks.double, 1)).toBe(2)
    expect(farm.stats()).toMatchObject({ restarts: 0, redelivered: 0 })
  })
})
