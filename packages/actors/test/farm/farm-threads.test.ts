import { describe, expect, it } from 'vitest'
import * as tasks from './fixtures/tasks.mjs'
import { collect, openFarm, range, until } from './open-farm.js'

const openThreads = (options: Parameters<typeof openFarm>[0] = {}) => openFarm({ isolation: 'thread', ...options })

describe('a worker in a thread', () => {
  it('is of the process of the farm', async () => {
    const farm = await openThreads()
    expect(await farm.submit(tasks.pid, null)).toBe(process.pid)
  })

  it('computes beside the others and the farm', async () => {
    const farm = await openThreads({ workers: 2 })
    expect(await collect(farm.map(tasks.inThread, range(20)))).toEqual(Array(20).fill(true))
  })

  it.each([
    ['exit', { code: 'ACTOR_EXITED', exitCode: 7 }],
    ['throw later', { cause: { message: 'outside of a task' } }],
    ['reject later', { cause: { message: 'outside of a task' } }],
  ] as const)(
    'that dies of its task (%s) is replaced, and the task is given up at its third death',
    async (deed, cause) => {
      const farm = await openThreads()
      const inputs = [...range(30), deed, ...range(30)]
      const outcomes = await collect(farm.map(tasks.act, inputs, { settled: true }))
      expect(outcomes.filter(({ status }) => status === 'rejected')).toMatchObject([
        { index: 30, reason: { code: 'TASK_POISONED', deaths: 3, cause } },
      ])
      expect(outcomes.length).toBe(61)
    },
  )

  it('that runs in an endless loop is terminated by a time limit, and not charged to the tasks beside it', async () => {
    const farm = await openThreads({ graceMs: 50 })
    const inputs = [...range(20), 'loop', ...range(20)]
    const outcomes = await collect(farm.map(tasks.act, inputs, { settled: true, timeoutMs: 200 }))
    expect(outcomes.filter(({ status }) => status === 'rejected')).toMatchObject([
      { index: 20, reason: { code: 'TIMEOUT' } },
    ])
  })

  it('that runs in an endless loop is terminated by hangMs', async () => {
    const farm = await openThreads({ hangMs: 300, workers: 1 })
    const outcomes = await collect(farm.map(tasks.act, [1, 'loop', 2], { settled: true }))
    expect(outcomes).toMatchObject([{ value: 1 }, { reason: { code: 'TIMEOUT', timeoutMs: 300 } }, { value: 2 }])
  })

  it('that runs in an endless loop is terminated when the farm stops', async () => {
    const farm = await openThreads({ shutdownMs: 100 })
    const looping = farm.submit(tasks.act, 'loop')
    await until(() => farm.stats().held === 1)
    await Promise.all([farm.stop(), expect(looping).rejects.toMatchObject({ code: 'CLOSED' })])
    expect(farm.stats().workers).toEqual([])
  })

  it('that dies takes nothing with it that it had answered before', async () => {
    const farm = await openThreads({ onWorkerLost: 'fail', workers: 1 })
    const outcomes = await collect(farm.map(tasks.act, [1, 2, 'exit', 3, 4], { settled: true }))
    expect(outcomes).toMatchObject([
      { value: 1 },
      { value: 2 },
      { reason: { code: 'WORKER_LOST', key: '#2' } },
      { value: 3 },
      { value: 4 },
    ])
    expect(farm.stats().restarts).toBe(1)
  })

  it('cannot start a farm by its task file', async () => {
    const file = new URL('./fixtures/recursive.mjs', import.meta.url)
    await expect(openThreads({ tasks: file })).rejects.toMatchObject({ code: 'FARM_IN_WORKER' })
  })

  it('that does not start is an error of the farm, with its cause', async () => {
    const file = new URL('./fixtures/throws.mjs', import.meta.url)
    await expect(openThreads({ tasks: file })).rejects.toMatchObject({ code: 'MODULE_FAILED' })
  })

  it('whose thread cannot be started leaves no port', async () => {
    const ports = () => process.getActiveResourcesInfo().filter((name) => name === 'MessagePort').length
    let failed = 0
    const log = { child: () => log, debug() {}, info() {}, error() {}, warn: () => failed++ }
    const bad = { execArgv: ['--no-such-flag'], intensity: 1_000, log: log as never }
    const farm = await openThreads({ workers: { min: 0, max: 1 }, ...bad })
    const before = ports()
    const lost = farm.submit(tasks.double, 1).catch((error: unknown) => error)
    await until(() => failed >= 3)
    await until(() => ports() <= before)
    await farm.stop()
    expect(await lost).toMatchObject({ code: 'CLOSED' })
  })
})
