import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Farm } from '@troupe/actors/farm'
import { Supervisor } from '@troupe/actors/supervisor'
import { isAlive } from '@troupe/testing/is-alive'
import { describe, expect, it } from 'vitest'
import * as tasks from './fixtures/tasks.mjs'
import { collect, GROUNDS, openFarm, range, until } from './open-farm.js'

// Those that have joined are not the farm's to replace: see remote.test.ts.
const PROCESSES = GROUNDS.filter(([, ground]) => ground.isolation === undefined && ground.joinable !== true)
const COUNT = 600
const doubled = (count: number) => [...range(count)].map((n) => n * 2)

/** The process of a worker that holds tasks. */
function busyPid(farm: Farm): number | undefined {
  return farm.stats().workers.find(({ held, state }) => held > 0 && state === 'working')?.pid
}

describe.each(PROCESSES)('a farm of %s', (_name, ground) => {
  it('gives every output once though a worker is killed with SIGKILL while it holds tasks', async () => {
    const farm = await openFarm(ground)
    const outputs: number[] = []
    for await (const output of farm.map(tasks.doubleLater, range(COUNT))) {
      if (outputs.push(output) === 100) process.kill(busyPid(farm)!, 'SIGKILL')
    }
    expect(outputs).toEqual(doubled(COUNT))
    expect(farm.stats().redelivered).toBeGreaterThan(0)
    await until(() => farm.stats().restarts === 1 && farm.stats().workers.every(({ state }) => state === 'idle'))
  })

  it('replaces a worker that is stopped with SIGSTOP and runs what it held on another', async () => {
    const farm = await openFarm({ ...ground, heartbeatMs: 50, livenessMs: 200 })
    const run = collect(farm.map(tasks.doubleLater, range(COUNT)))
    await until(() => busyPid(farm) !== undefined)
    process.kill(busyPid(farm)!, 'SIGSTOP')
    expect(await run).toEqual(doubled(COUNT))
    expect(farm.stats().restarts).toBe(1)
  })

  it('gives a new worker its first task at once, whenever a task of the one before was cancelled', async () => {
    // A frame that is missing is sent again after three of these.
    const farm = await openFarm({ ...ground, workers: 1, heartbeatMs: 60_000, livenessMs: 180_000 })
    const { pid, incarnation } = farm.stats().workers[0]!
    const aborters = Array.from({ length: 8 }, () => new AbortController())
    const waiting = aborters.map(({ signal }) => farm.submit(tasks.wait, 60_000, { signal }))
    const settled = Promise.allSettled(waiting)
    await until(() => farm.stats().held >= 1)
    process.kill(pid!, 'SIGKILL')
    await new Promise(setImmediate)
    aborters.pop()!.abort()
    // The next has begun, and what the last one had sent may still come.
    while (farm.stats().workers[0]?.incarnation === incarnation) await new Promise(setImmediate)
    for (const aborter of aborters) aborter.abort()
    expect(await farm.submit(tasks.double, 21)).toBe(42)
    expect((await settled).map(({ status }) => status)).toEqual(Array(8).fill('rejected'))
  })

  it('keeps a worker that is stopped for less than its liveness, and its tasks', async () => {
    const farm = await openFarm({ ...ground, workers: 1, heartbeatMs: 50, livenessMs: 5_000 })
    const waiting = farm.submit(tasks.deaf, 600)
    await until(() => farm.stats().held === 1)
    const { pid } = farm.stats().workers[0]!
    process.kill(pid!, 'SIGSTOP')
    setTimeout(() => process.kill(pid!, 'SIGCONT'), 400)
    expect(await waiting).toBe('waited')
    expect(farm.stats()).toMatchObject({ restarts: 0, redelivered: 0 })
  })
})

describe('a worker that dies', () => {
  it('does not take a task for dead that computes for longer than its liveness', async () => {
    const farm = await openFarm({ heartbeatMs: 20, livenessMs: 60, workers: 1 })
    expect(await farm.submit(tasks.spin, 600)).toBeGreaterThan(0)
    expect(farm.stats().restarts).toBe(0)
  })

  it.each([
    ['exit', { code: 'ACTOR_EXITED', exitCode: 7 }],
    ['kill', { code: 'ACTOR_EXITED', signal: 'SIGKILL' }],
  ] as const)('three times by one task alone (%s) makes it poisoned, and the rest goes on', async (deed, cause) => {
    const farm = await openFarm()
    const inputs = [...range(30), deed, ...range(30)]
    const outcomes = await collect(farm.map(tasks.act, inputs, { settled: true }))
    expect(outcomes.filter(({ status }) => status === 'rejected')).toMatchObject([
      { index: 30, reason: { code: 'TASK_POISONED', task: 'act', key: '#30', deaths: 3, cause } },
    ])
    expect(outcomes.length).toBe(61)
  })

  it.each(['throw later', 'reject later'] as const)(
    'because something is thrown outside of a task (%s) is replaced',
    async (deed) => {
      const farm = await openFarm({ onWorkerLost: 'fail', workers: 1 })
      const outcomes = await collect(farm.map(tasks.act, [1, deed, 2], { settled: true }))
      expect(outcomes).toMatchObject([
        { value: 1 },
        { reason: { code: 'WORKER_LOST', cause: { cause: { message: 'outside of a task' } } } },
        { value: 2 },
      ])
      expect(farm.stats().restarts).toBe(1)
    },
  )

  it('while idle is replaced, and the next task runs', async () => {
    const farm = await openFarm({ workers: 1 })
    process.kill(farm.stats().workers[0]!.pid!, 'SIGKILL')
    expect(await farm.submit(tasks.double, 1)).toBe(2)
    expect(farm.stats().restarts).toBe(1)
  })

  it('loses its tasks as WORKER_LOST where nothing may run twice, and only what had begun', async () => {
    const farm = await openFarm({ onWorkerLost: 'fail', workers: 1 })
    const run = collect(farm.map(tasks.act, [1, 2, 'kill', 3, 4], { settled: true }))
    expect(await run).toMatchObject([
      { value: 1 },
      { value: 2 },
      { reason: { code: 'WORKER_LOST', task: 'act', key: '#2' } },
      { value: 3 },
      { value: 4 },
    ])
  })

  it('because the farm ended its loop is not charged to the tasks beside it', async () => {
    const farm = await openFarm({ graceMs: 50 })
    const inputs = [...range(20), 'loop', ...range(20)]
    // A limit for all, since one that has none may be what blocks: long enough for those beside it on a busy machine.
    const outcomes = await collect(farm.map(tasks.act, inputs, { settled: true, timeoutMs: 1_000 }))
    expect(outcomes.filter(({ status }) => status === 'rejected')).toMatchObject([
      { index: 20, reason: { code: 'TIMEOUT' } },
    ])
  })

  it('because its event loop does not turn is found by hangMs', async () => {
    const farm = await openFarm({ hangMs: 1_000, workers: 1 })
    const outcomes = await collect(farm.map(tasks.act, [1, 'loop', 2], { settled: true }))
    expect(outcomes).toMatchObject([{ value: 1 }, { reason: { code: 'TIMEOUT', timeoutMs: 1_000 } }, { value: 2 }])
    expect(farm.stats().restarts).toBeGreaterThan(0)
  })

  it('is not taken for hung while it waits for longer than hangMs', async () => {
    const farm = await openFarm({ hangMs: 200, workers: 1 })
    expect(await farm.submit(tasks.deaf, 700)).toBe('waited')
    expect(farm.stats().restarts).toBe(0)
  })

  it('because a cancelled task did not end in its grace is replaced, and its neighbours run again', async () => {
    const farm = await openFarm({ graceMs: 50, workers: 1, concurrency: 2 })
    const aborter = new AbortController()
    const deaf = farm.submit(tasks.deaf, 60_000, { signal: aborter.signal })
    const neighbour = farm.submit(tasks.deaf, 300)
    await until(() => farm.stats().held === 2)
    aborter.abort()
    await expect(deaf).rejects.toMatchObject({ code: 'ABORTED' })
    expect(await neighbour).toBe('waited')
    expect(farm.stats()).toMatchObject({ restarts: 1, redelivered: 1 })
  })

  it('because a task ignores its time limit is replaced', async () => {
    const farm = await openFarm({ graceMs: 50, workers: 1 })
    await expect(farm.submit(tasks.deaf, 60_000, { timeoutMs: 50 })).rejects.toMatchObject({ code: 'TIMEOUT' })
    expect(await farm.submit(tasks.double, 1)).toBe(2)
    expect(farm.stats().restarts).toBe(1)
  })

  it('again and again without a task makes the farm give up, and its tasks fail with the reason', async () => {
    const farm = await openFarm({ intensity: 1, workers: 1 })
    const killed = new Set<number>()
    while (farm.state === 'running') {
      const [worker] = farm.stats().workers
      if (worker?.state === 'idle' && worker.pid !== undefined && !killed.has(worker.pid)) {
        killed.add(worker.pid)
        process.kill(worker.pid, 'SIGKILL')
      }
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(killed.size).toBe(2)
    expect(await farm.exit).toMatchObject({ reason: 'failed', error: { code: 'RESTART_INTENSITY' } })
    await expect(farm.submit(tasks.double, 1)).rejects.toMatchObject({ code: 'CLOSED' })
  })
})

describe('a farm in a tree', () => {
  it('is a child like any other: it is restarted when it fails, and stopped with the tree', async () => {
    const started: Farm[] = []
    const start = async () => {
      const farm = await openFarm({ intensity: 0, workers: 1 })
      started.push(farm)
      return farm
    }
    await using tree = await Supervisor.start({ children: [{ id: 'farm', start }] })
    process.kill(started[0]!.stats().workers[0]!.pid!, 'SIGKILL')
    expect(await started[0]!.exit).toMatchObject({ reason: 'failed', error: { code: 'RESTART_INTENSITY' } })
    await until(() => started.length === 2)
    expect(await started[1]!.submit(tasks.double, 4)).toBe(8)
    await tree.stop()
    expect(await started[1]!.exit).toEqual({ reason: 'shutdown' })
  })
})

describe('the process of a farm', () => {
  const program = (name: string, temporary: string) =>
    spawn(process.execPath, [fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url))], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, TMPDIR: temporary },
    })

  it('ends by itself once it has disposed of its farm, and leaves no process and no file', async () => {
    const temporary = mkdtempSync(join(tmpdir(), 'farm-test-'))
    const child = program('disposes.mjs', temporary)
    const [line] = (await once(createInterface(child.stdout!), 'line')) as [string]
    const [exitCode] = (await once(child, 'exit')) as [number]
    const { got, workers } = JSON.parse(line) as { got: number[]; workers: number[] }
    expect([exitCode, got]).toEqual([0, [2, 4, 6]])
    expect(workers.filter(isAlive)).toEqual([])
    expect(readdirSync(temporary)).toEqual([])
    rmSync(temporary, { recursive: true })
  })

  it('takes its workers and its ipc folder with it when it is killed with SIGKILL', async () => {
    const temporary = mkdtempSync(join(tmpdir(), 'farm-test-'))
    const child = program('owner.mjs', temporary)
    const [line] = (await once(createInterface(child.stdout!), 'line')) as [string]
    const workers = JSON.parse(line) as number[]
    expect(workers.filter(isAlive).length).toBe(2)
    child.kill('SIGKILL')
    await until(() => !workers.some(isAlive))
    expect(existsSync(temporary) && readdirSync(temporary)).toEqual([])
    rmSync(temporary, { recursive: true })
  })

  it('takes its ipc folder with it when it is killed before its first worker has loaded anything', async () => {
    const temporary = mkdtempSync(join(tmpdir(), 'farm-test-'))
    const child = program('dies-early.mjs', temporary)
    const [, signal] = (await once(child, 'exit')) as [unknown, string]
    const ofFarm = readdirSync(temporary)
    expect([signal, ofFarm.length]).toEqual(['SIGKILL', 1])
    await until(() => readdirSync(temporary).length === 0)
    rmSync(temporary, { recursive: true })
  })
})
