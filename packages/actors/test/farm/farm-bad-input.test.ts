import { createServer } from 'node:net'
import { Farm, type FarmOptions, task } from '@troupe/actors/farm'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import * as tasks from './fixtures/tasks.mjs'
import { collect, GROUNDS, openFarm, sharedFarm, TASKS } from './open-farm.js'

const fixture = (name: string) => new URL(`./fixtures/${name}`, import.meta.url)
const start = (options: Partial<FarmOptions>) => Farm.start({ tasks: TASKS, workers: 1, ...options })

describe.each(GROUNDS)('a farm of %s', (_name, ground) => {
  const running = sharedFarm(ground)

  it('refuses an input that does not fit the schema, before it is sent', async () => {
    const farm = running()
    await expect(farm.submit(tasks.double, 'two' as never)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      task: 'double',
    })
    const outcomes = await collect(farm.map(tasks.double, [1, 'two' as never, 3], { settled: true }))
    expect(outcomes).toMatchObject([{ value: 2 }, { reason: { code: 'INVALID_INPUT', key: '#1' } }, { value: 6 }])
  })

  it('refuses an input that cannot be encoded, and runs those of its frame', async () => {
    const farm = running()
    const outcomes = await collect(farm.map(tasks.anything, ['ab', 2n ** 100n, 'abc'], { settled: true }))
    expect(outcomes).toMatchObject([{ value: 2 }, { reason: { code: 'INVALID_INPUT' } }, { value: 3 }])
  })

  it('fails a task that gives more than the farm takes, and those beside it come, in as many frames as they need', async () => {
    const farm = await openFarm({ ...ground, maxMessageBytes: 65_536, concurrency: 8 })
    const outputs = [40_000, 40_000, 70_000, 40_000].map((length) => ({ give: 'x'.repeat(length) }))
    const outcomes = await collect(
      farm.map(tasks.give, [...outputs, { give: Buffer.alloc(70_000) }], { settled: true }),
    )
    expect(outcomes.map((outcome) => (outcome.status === 'fulfilled' ? 'given' : outcome.reason))).toMatchObject([
      ...['given', 'given', { code: 'INVALID_OUTPUT' }, 'given', { code: 'INVALID_OUTPUT' }],
    ])
    const [, , tooLong] = outcomes
    expect(String(tooLong?.status === 'rejected' && tooLong.reason.message)).toMatch(
      /too large: 700\d\d bytes, and the farm takes 65536 in one part of a message \(maxMessageBytes\)/,
    )
  })

  it('says that a result which does not fit the schema or cannot be encoded is the fault of its task', async () => {
    const farm = running()
    await expect(farm.submit(tasks.picky, 404)).rejects.toThrow(/this is the task's fault/)
    await expect(farm.submit(tasks.unencodable, 1)).rejects.toMatchObject({
      code: 'INVALID_OUTPUT',
      task: 'unencodable',
    })
    expect(await farm.submit(tasks.double, 1)).toBe(2)
  })

  it('takes an input of 50 MiB', async () => {
    const farm = running()
    expect(await farm.submit(tasks.anything, 'x'.repeat(50 << 20))).toBe(50 << 20)
  })

  it('refuses a task that its task file does not export, and names those that it does', async () => {
    const farm = running()
    const other = task({ name: 'other', input: z.number(), output: z.number(), run: (n) => n })
    await expect(farm.submit(other, 1)).rejects.toThrow(/no task "other", but act, /)
    expect(() => farm.map(other, [1])).toThrow(expect.objectContaining({ code: 'UNKNOWN_TASK' }))
  })

  it('refuses a task of another version than its workers have', async () => {
    const farm = running()
    const old = task({ name: 'versioned', version: '1', input: z.number(), output: z.number(), run: (n) => n })
    await expect(farm.submit(old, 1)).rejects.toMatchObject({ code: 'VERSION_MISMATCH' })
    expect(await farm.submit(tasks.versioned, 1)).toBe(1)
  })
})

// They are loaded before the farm is dialled.
describe.each(['process', 'inline'] as const)('a farm (%s)', (isolation) => {
  it.each([
    ['does not exist', 'nothing-here.mjs', 'MODULE_NOT_FOUND'],
    ['throws on import', 'throws.mjs', 'MODULE_FAILED'],
    ['exports no task', 'no-tasks.mjs', 'UNKNOWN_TASK'],
    ['exports two tasks of one name', 'same-name.mjs', 'AMBIGUOUS_TASK'],
  ])('does not start with a task file that %s', async (_what, file, code) => {
    await expect(start({ isolation, tasks: fixture(file) })).rejects.toMatchObject({ code })
  })
})

describe('a farm', () => {
  it('does not start inside its own worker', async () => {
    await expect(start({ tasks: fixture('recursive.mjs') })).rejects.toMatchObject({ code: 'FARM_IN_WORKER' })
  })

  it.each([
    ['workers', { workers: 0 }],
    ['concurrency', { concurrency: 1.5 }],
    ['retries', { retries: -1 }],
    ['timeoutMs', { timeoutMs: -5 }],
    ['onWorkerLost', { onWorkerLost: 'cry' }],
    ['backoff.factor', { backoff: { factor: 0 } }],
    ['worker', { worker: 2 }],
    ['maxMemoryMiB', { isolation: 'inline', maxMemoryMiB: 100 }],
    ['hangMs', { isolation: 'process', workers: [{ count: 1, isolation: 'inline' }], hangMs: 100 }],
  ])('refuses the option %s out of range or without effect, by its name', async (path, options) => {
    await expect(start(options as Partial<FarmOptions>)).rejects.toMatchObject({ code: 'INVALID_OPTIONS' })
    await expect(start(options as Partial<FarmOptions>)).rejects.toThrow(path)
  })

  it.each([
    ['malformed', 'tcp//127.0.0.1:1', 'INVALID_ENDPOINT'],
    ['of no known transport', 'udp://127.0.0.1:1', 'INVALID_ENDPOINT'],
    ['beyond loopback', 'tcp://0.0.0.0:*', 'INSECURE_ENDPOINT'],
    ['on every interface', 'tcp://*:*', 'INSECURE_ENDPOINT'],
  ])('does not listen on an endpoint that is %s', async (_what, endpoint, code) => {
    await expect(start({ endpoint })).rejects.toMatchObject({ code })
  })

  it('listens beyond loopback when it is told that it may', async () => {
    const farm = await openFarm({ endpoint: 'tcp://0.0.0.0:*', insecure: true, workers: 1 })
    expect(farm.state).toBe('running')
  })

  it('does not start on an endpoint that is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as { port: number }
    await expect(start({ endpoint: `tcp://127.0.0.1:${port}` })).rejects.toMatchObject({ code: 'ENDPOINT_IN_USE' })
    server.close()
  })

  it('refuses options of a task and a map that cannot be', () => {
    const schema = z.number()
    expect(() => task({ name: 'no spaces', input: schema, output: schema, run: (n) => n })).toThrow(/name/)
    expect(() => task({ name: 'x', input: schema, output: schema, retries: -1, run: (n) => n })).toThrow(/retries/)
    expect(() => task({ name: 'x', input: {} as never, output: schema, run: (n) => n as never })).toThrow(/input/)
  })
})
