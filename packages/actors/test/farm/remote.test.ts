/**
 * Workers that join a farm from elsewhere: how they come, go, come back, and what they are refused for.
 */

import { createServer } from 'node:net'
import { Farm, FarmWorkers, task } from '@troupe/actors/farm'
import { freeAddress } from '@troupe/testing'
import { isAlive } from '@troupe/testing/is-alive'
import { TcpProxy } from '@troupe/testing/tcp-proxy'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import * as tasks from './fixtures/tasks.mjs'
import { collect, joinFarm, openFarm, range, TASKS, until } from './open-farm.js'

const OTHER = new URL('./fixtures/other-tasks.mjs', import.meta.url)
const JOINABLE = { endpoint: 'tcp://127.0.0.1:*', joinable: true } as const
const SLOW = new URL('./fixtures/slow-tasks.mjs', import.meta.url)
/** One that nobody joins by itself. */
const openEmpty = async (options = {}) => {
  const farm = await Farm.start({ tasks: TASKS, workers: 0, ...JOINABLE, ...options })
  return farm
}
const doubled = (count: number) => Array.from(range(count), (n) => n * 2)

describe('workers that join', () => {
  it('take tasks that waited for them, and say where they are', async () => {
    await using farm = await openEmpty()
    const results = collect(farm.map(tasks.double, range(100)))
    const workers = await joinFarm(farm, { slots: 2, tags: ['eu'] })
    expect(await results).toEqual(doubled(100))
    const [first] = farm.stats().workers
    expect(first).toMatchObject({ id: 'remote-1', isolation: 'remote', tags: ['eu'], state: 'idle' })
    expect(first!.host).toBeTruthy()
    expect(workers.workers.map(({ id }) => id).sort()).toEqual(['remote-1', 'remote-2'])
    expect(workers.workers.map(({ pid }) => pid)).toEqual(expect.arrayContaining([first!.pid]))
  })

  it('work beside those of the farm', async () => {
    const farm = await Farm.start({ tasks: TASKS, workers: 1, isolation: 'inline', ...JOINABLE })
    await using _ = farm
    await joinFarm(farm, { isolation: 'inline' })
    await until(() => farm.stats().workerStates.idle === 2)
    expect(await collect(farm.map(tasks.double, range(5_000)))).toEqual(doubled(5_000))
    expect(farm.stats().workers.map(({ done }) => done > 0)).toEqual([true, true])
  })

  it('that leave finish what they run and give back the rest, which runs elsewhere once', async () => {
    await using farm = await openEmpty()
    const leaving = await joinFarm(farm, { isolation: 'inline' })
    const outputs = farm.mapUnordered(tasks.doubleLater, range(300))
    const all: unknown[] = [(await outputs.next()).value]
    const left = leaving.leave()
    await joinFarm(farm, { isolation: 'inline' })
    for await (const output of outputs) all.push(output)
    await left
    expect(all.sort((a, b) => (a as number) - (b as number))).toEqual(doubled(300))
    await until(() => farm.stats().workers.length === 1)
    expect(farm.stats()).toMatchObject({ retried: 0, failed: 0 })
  })

  it('wait for their farm when it ends, and are there for the next', async () => {
    const first = await openEmpty()
    const { endpoint } = first
    const workers = await joinFarm(first)
    expect(await first.submit(tasks.double, 2)).toBe(4)
    await first.stop()
    await using next = await openEmpty({ endpoint })
    expect(await next.submit(tasks.double, 4)).toBe(8)
    expect(workers.workers[0]!.id).toBe('remote-1')
  })

  it('are started again when they die, and what they held runs again', async () => {
    await using farm = await openEmpty()
    const workers = await joinFarm(farm, { slots: 2 })
    const outputs = collect(farm.mapUnordered(tasks.doubleLater, range(2_000)))
    await until(() => farm.stats().done > 100)
    process.kill(workers.workers[0]!.pid!, 'SIGKILL')
    expect((await outputs).sort((a, b) => a - b)).toEqual(doubled(2_000))
    await until(() => farm.stats().workerStates.idle === 2)
  })

  it('that are killed are known to be dead by that nobody listens any more, and are not waited for', async () => {
    await using farm = await openEmpty({ onWorkerLost: 'fail' })
    const workers = await joinFarm(farm)
    const lost = farm.submit(tasks.wait, 60_000)
    await until(() => farm.stats().held === 1)
    process.kill(workers.workers[0]!.pid!, 'SIGKILL')
    const error = await lost.catch((thrown) => thrown)
    expect(error).toMatchObject({ code: 'WORKER_LOST' })
    expect(error.cause.message).toContain('nobody listens at its inbox any more')
  })

  it('that are stopped for longer than the limit of silence are given up, and join anew when they go on', async () => {
    await using farm = await openEmpty({ heartbeatMs: 50, livenessMs: 200 })
    const workers = await joinFarm(farm)
    const [{ incarnation: before } = { incarnation: '' }] = farm.stats().workers
    const outputs = collect(farm.mapUnordered(tasks.doubleLater, range(500)))
    await until(() => farm.stats().done > 50)
    const { pid } = workers.workers[0]!
    process.kill(pid!, 'SIGSTOP')
    await until(() => farm.stats().workers.length === 0)
    process.kill(pid!, 'SIGCONT')
    expect((await outputs).sort((a, b) => a - b)).toEqual(doubled(500))
    const [after] = farm.stats().workers
    expect(after!.pid).toBe(pid)
    expect(after!.incarnation).not.toBe(before)
  })

  it('whose task loops for ever are killed by whoever started them, when the farm says so', async () => {
    await using farm = await openEmpty()
    const workers = await joinFarm(farm)
    const { pid } = workers.workers[0]!
    await expect(farm.submit(tasks.spin, 60_000, { timeoutMs: 100, retries: 0 })).rejects.toMatchObject({
      code: 'TIMEOUT',
    })
    await until(() => !isAlive(pid!))
    expect(await farm.submit(tasks.double, 3)).toBe(6)
  })
})

describe('workers that have joined', () => {
  it('and do not reach the farm any more, though it reaches them, give it up, and what they held runs elsewhere', async () => {
    await using farm = await openEmpty({ heartbeatMs: 50, livenessMs: 300 })
    await using way = await TcpProxy.to(Number(/\d+$/.exec(farm.endpoint!)![0]))
    await joinFarm(farm, { farm: `tcp://127.0.0.1:${way.port}`, isolation: 'inline' })
    const outputs = farm.submitMany(tasks.wait, [400, 400])
    await until(() => farm.stats().held > 0)
    way.down()
    await joinFarm(farm, { isolation: 'inline' })
    expect(await outputs).toHaveLength(2)
    expect(farm.stats().redelivered).toBeGreaterThan(0)
  })

  it('do not take their own computing for the silence of the farm', async () => {
    await using farm = await openEmpty({ heartbeatMs: 50, livenessMs: 200 })
    await joinFarm(farm)
    const { incarnation } = farm.stats().workers[0]!
    expect(await farm.submit(tasks.spin, 1_000)).toBeDefined()
    expect(await farm.submit(tasks.double, 2)).toBe(4)
    expect(farm.stats()).toMatchObject({ dispatched: 2, redelivered: 0, workers: [{ incarnation }] })
  })

  it('end when the next farm there has other tasks, and say so', async () => {
    const first = await openEmpty()
    const { endpoint } = first
    const workers = await joinFarm(first)
    await first.stop()
    await using _ = await Farm.start({ ...JOINABLE, tasks: OTHER, workers: 0, endpoint: endpoint! })
    const exit = await workers.exit
    expect(exit.reason === 'failed' && String(exit.error)).toContain('it has no task "other"')
  })
})

it('workers wait for a farm that is not there yet', async () => {
  const endpoint = await freeAddress('tcp')
  const notices: string[] = []
  const onNotice = ({ type }: { type: string }) => void notices.push(type)
  const joining = FarmWorkers.join({ tasks: TASKS, slots: 1, farm: endpoint, isolation: 'inline', onNotice })
  await until(() => notices.length > 0)
  await using farm = await openEmpty({ endpoint })
  await using _ = await joining
  expect(await farm.submit(tasks.double, 1)).toBe(2)
  expect(notices).toEqual(['waiting', 'joined'])
})

it.each([[{ inbox: 'tcp://0.0.0.0:*' }], [{ inbox: 'tcp://*:*' }]])(
  'a worker does not listen beyond loopback unless it is told to: %j',
  async (beyond) => {
    await using farm = await openEmpty()
    const joining = FarmWorkers.join({ tasks: TASKS, slots: 1, farm: farm.endpoint!, ...beyond })
    await expect(joining).rejects.toMatchObject({ code: 'INSECURE_ENDPOINT' })
  },
)

it('workers whose processes take more than ten seconds to start have the whole time of the join for it', async () => {
  await using farm = await openEmpty({ tasks: SLOW })
  const workers = joinFarm(farm, { tasks: SLOW, env: { SLOW: '10500' }, slots: 1, joinTimeoutMs: 30_000 })
  expect(await farm.submit(tasks.double, 4)).toBe(8)
  expect((await workers).workers).toMatchObject([{ id: 'remote-1' }])
})

it('a join can be given up by its signal', async () => {
  await using farm = await openEmpty()
  const aborter = new AbortController()
  // It takes connections and answers nobody.
  const server = createServer(() => undefined)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const joining = joinFarm(farm, { farm: `tcp://127.0.0.1:${port}`, signal: aborter.signal })
  setTimeout(() => aborter.abort(), 300)
  await expect(joining).rejects.toMatchObject({ code: 'ABORTED' })
  server.close()
})

it.each([
  [{ farm: 'inproc://x' }, 'farm'],
  [{ farm: 'tcp://127.0.0.1:1,tcp://127.0.0.1:2' }, 'farm'],
  [{ farm: '@tcp://127.0.0.1:1' }, 'farm'],
  [{ advertise: 'no good host' }, 'advertise'],
  [{ advertise: '127.0.0.1:9000', slots: 2 }, 'advertise'],
  [{ inbox: 'tcp://127.0.0.1:9000', slots: 2 }, 'inbox'],
])('options of a join that cannot be are refused before anything is opened: %j', async (wrong, path) => {
  const joining = FarmWorkers.join({ tasks: TASKS, farm: 'tcp://127.0.0.1:1', slots: 1, ...wrong })
  await expect(joining).rejects.toMatchObject({ code: 'INVALID_OPTIONS', issues: [{ path }] })
})

describe('workers that cannot join are told why', () => {
  const join = (options: object) =>
    FarmWorkers.join({ tasks: TASKS, slots: 1, isolation: 'inline', farm: '', ...options })

  it('when nothing listens there', async () => {
    await expect(join({ farm: 'tcp://127.0.0.1:1', joinTimeoutMs: 300 })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('tcp://127.0.0.1:1'),
    })
  })

  it('when the farm lets nobody join', async () => {
    const farm = await openFarm({ endpoint: 'tcp://127.0.0.1:*', isolation: 'inline' })
    await expect(join({ farm: farm.endpoint!, joinTimeoutMs: 500 })).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: expect.stringContaining('no farm that others may join'),
    })
  })

  it('when the farm cannot reach them, by the address that they gave', async () => {
    await using farm = await openEmpty({ heartbeatMs: 50, livenessMs: 200 })
    await expect(join({ farm: farm.endpoint!, joinTimeoutMs: 1_000, advertise: '127.0.0.1:1' })).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: expect.stringContaining('cannot reach this worker at tcp://127.0.0.1:1'),
    })
    await until(() => farm.stats().workers.length === 0)
  })

  it('when their tasks are not those of the farm', async () => {
    await using farm = await openEmpty()
    await expect(join({ farm: farm.endpoint!, tasks: OTHER })).rejects.toMatchObject({
      code: 'VERSION_MISMATCH',
      message: expect.stringContaining('it has no task'),
    })
  })
})

it('a farm that nobody may join has at least one worker, and one to be joined has an endpoint', async () => {
  await expect(Farm.start({ tasks: TASKS, workers: 0 })).rejects.toMatchObject({ code: 'INVALID_OPTIONS' })
  await expect(Farm.start({ tasks: TASKS, joinable: true })).rejects.toMatchObject({ code: 'INVALID_OPTIONS' })
})

it('tasks differ by name, version and schemas', async () => {
  const { difference, signOf } = await import('../../dist/farm/remote/task-signs.js')
  const one = task({ name: 'one', version: '1', input: z.number(), output: z.string(), run: String })
  const sign = signOf(one)
  expect(difference([sign], [sign, signOf(task({ ...one, name: 'two' }))])).toBeUndefined()
  expect(difference([sign], [{ name: 'one', version: '1' }])).toBeUndefined()
  expect(difference([sign], [])).toContain('no task "one"')
  expect(difference([sign], [{ ...sign, version: '2' }])).toContain('version 2')
  expect(difference([sign], [signOf(task({ ...one, input: z.int() }))])).toContain('input schema')
  expect(difference([sign], [signOf(task({ ...one, output: z.string().max(3) }))])).toContain('output schema')
})
