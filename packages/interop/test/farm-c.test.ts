/**
 * The worker in C, written from docs/wire/farm.md alone, in a farm of ours.
 */
import { randomBytes } from 'node:crypto'
import { Farm, type FarmOptions } from '@troupe/actors/farm'
import { ZMQPush } from '@troupe/push-pull'
import { freeAddress } from '@troupe/testing'
import { required } from '@troupe/testing/python-with'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CProgram, CWorker, missing } from './c-worker.js'
import * as tasks from './fixtures/farm-c-tasks.mjs'
import { Relay } from './relay.js'

const skipped = missing !== undefined && !required

const TASKS = new URL('./fixtures/farm-c-tasks.mjs', import.meta.url)
const OTHER_TASKS = new URL('./fixtures/farm-c-tasks-2.mjs', import.meta.url)
/** Silences are found soon. */
const BRISK = { heartbeatMs: 50, livenessMs: 250 }

let program: CProgram

const openFarm = (options: Partial<FarmOptions> = {}) =>
  Farm.start({ tasks: TASKS, workers: 0, endpoint: 'tcp://127.0.0.1:*', joinable: true, retries: 0, ...options })
const join = (farm: Farm, ...args: string[]) => new CWorker(program, farm.endpoint!, ...args)
const soon = (isSo: () => boolean) => expect.poll(isSo, { timeout: 20_000, interval: 5 }).toBe(true)
const ready = (farm: Farm) => farm.stats().workers.filter(({ state }) => state === 'idle' || state === 'working')
const untilReady = (farm: Farm, count = 1) => soon(() => ready(farm).length === count)
const numbers = (count: number) => Array.from({ length: count }, (_, n) => n)
const doubled = (count: number) => numbers(count).map((n) => 2 * n)
const ascending = (values: number[]) => values.sort((a, b) => a - b)

async function collect<Value>(values: AsyncIterable<Value>): Promise<Value[]> {
  const all: Value[] = []
  for await (const value of values) all.push(value)
  return all
}

/** FNV-1a, in 32 bits. */
function fnv(bytes: Uint8Array): number {
  let hash = 2_166_136_261
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 16_777_619) >>> 0
  return hash
}

describe.skipIf(skipped)(`a worker in C${skipped ? ` (${missing})` : ''}`, () => {
  beforeAll(() => {
    if (missing !== undefined) throw new Error(missing)
    program = new CProgram()
  })
  afterAll(() => program?.[Symbol.dispose]())
  describe('in its farm', inItsFarm)
  describe('that comes and goes', comesAndGoes)
  describe('that is refused', isRefused)
})

function inItsFarm() {
  let farm: Farm
  let worker: CWorker
  beforeAll(async () => {
    farm = await openFarm({ heartbeatMs: 100 })
    worker = join(farm)
    expect(await farm.submit(tasks.double, 1)).toBe(2)
  })
  afterAll(async () => {
    expect(worker.told('joined')).toEqual(['remote-1'])
    await worker[Symbol.asyncDispose]()
    await farm.stop()
  })

  it('does thousands of tasks, and says where it is and what it uses', async () => {
    expect(await collect(farm.map(tasks.double, numbers(5_000)))).toEqual(doubled(5_000))
    await soon(() => (farm.stats().workers[0]?.memoryMiB ?? 0) > 0)
    expect(farm.stats().runTime.count).toBeGreaterThan(4_900)
    expect(farm.stats().workers).toMatchObject([
      { id: 'remote-1', pid: worker.pid, isolation: 'remote', host: expect.stringMatching(/./), done: 5_001 },
    ])
  })

  it('reads and writes numbers of every size', async () => {
    const all = [0, -1, -32, -33, 127, 128, 255, 256, 2 ** 31, -(2 ** 30), 2 ** 32, -(2 ** 40), 0.1, 1e300, 5e-324]
    expect(await farm.submitMany(tasks.double, all)).toEqual(all.map((n) => 2 * n))
  })

  it('takes and gives bytes of any size as they were', async () => {
    const bytes = randomBytes(2 ** 20)
    expect(await farm.submit(tasks.digest, bytes)).toBe(fnv(bytes))
    const sizes = [2 ** 20, 0, 1, 255, 256, 16_383, 16_384, 65_536]
    const inputs = sizes.map((size) => bytes.subarray(0, size))
    const outputs = (await farm.submitMany(tasks.reverse, inputs)) as { all: Uint8Array; last: Uint8Array }[]
    for (const [n, { all, last }] of outputs.entries()) {
      const wanted = Buffer.from(inputs[n]!).reverse()
      expect([wanted.equals(all), wanted.subarray(0, 8).equals(last)]).toEqual([true, true])
    }
  })

  it('fails with the name and the message of its error', async () => {
    await expect(farm.submit(tasks.fail, { name: 'RangeError', message: 'too “far”' })).rejects.toMatchObject({
      code: 'TASK_FAILED',
      cause: { name: 'RangeError', message: 'too “far”' },
    })
  })

  it('says that an input does not fit', async () => {
    await expect(farm.submit(tasks.double, 'two')).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining('it is not a number'),
    })
  })

  it('ends a task between its steps when it is cancelled, and does not begin those behind it', async () => {
    const controller = new AbortController()
    const { signal } = controller
    const inputs = Array.from({ length: 5 }, () => ({ ms: 20, steps: 1_000 }))
    const outcome = expect(farm.submitMany(tasks.rest, inputs, { signal })).rejects.toMatchObject({ code: 'ABORTED' })
    await soon(() => farm.stats().workers[0]!.held > 0)
    controller.abort()
    await outcome
    await soon(() => farm.stats().held === 0)
    expect(await farm.submit(tasks.double, 4)).toBe(8)
  })

  it('ends a task that is out of time', async () => {
    await expect(farm.submit(tasks.rest, { ms: 20, steps: 1_000 }, { timeoutMs: 50 })).rejects.toMatchObject({
      code: 'TIMEOUT',
    })
    await soon(() => farm.stats().held === 0)
  })

  it('works on though its inbox is sent garbage', async () => {
    await using push = new ZMQPush(worker.told('listens')[0]!, { codec: 'frames' })
    const { incarnation } = farm.stats().workers[0]!
    for (let n = 0; n < 2_000; n++) await push.send(garbage(n, incarnation))
    expect(await collect(farm.map(tasks.double, numbers(1_000)))).toEqual(doubled(1_000))
    expect(worker.told('lost')).toEqual([])
  })
}

/** Random parts, of which some begin as the header of a frame for the worker. */
function garbage(n: number, incarnation: string): Buffer[] {
  const parts = Array.from({ length: 1 + (n % 4) }, () => randomBytes(Math.trunc(Math.random() * 100)))
  if (n % 3 === 0) {
    const kind = ['WELCOME', 'TASKS', 'CANCEL', 'BEAT', 'BYE'][n % 5]!
    const head = [0x96, 0x02, 0xa0 + kind.length, ...Buffer.from(kind), 0xa0, 0xb0, ...Buffer.from(incarnation), 1, 0]
    parts[0] = Buffer.from(head.slice(0, n % 2 === 0 ? undefined : n % head.length))
  }
  return parts
}

function comesAndGoes() {
  it('is killed while it holds tasks: another does them, and each output comes once', async () => {
    await using farm = await openFarm()
    await using first = join(farm)
    await untilReady(farm)
    expect(await farm.submit(tasks.double, 1)).toBe(2)
    // Stopped, it cannot have done them all before it dies.
    first.kill('SIGSTOP')
    const outputs = collect(farm.mapUnordered(tasks.double, numbers(20_000)))
    await soon(() => farm.stats().workers[0]!.held > 0)
    await using second = join(farm)
    first.kill('SIGKILL')
    expect(await first.exit()).toBe('SIGKILL')
    expect(ascending((await outputs) as number[])).toEqual(doubled(20_000))
    expect(farm.stats().redelivered).toBeGreaterThan(0)
    expect(farm.stats().workers.map(({ pid }) => pid)).toEqual([second.pid])
  })

  it.each(['SIGTERM', 'SIGINT'] as const)('ends what it runs and gives back the rest on %s', async (signal) => {
    await using farm = await openFarm()
    await using first = join(farm)
    await untilReady(farm)
    const outputs = farm.submitMany(
      tasks.rest,
      Array.from({ length: 8 }, () => ({ ms: 50, steps: 2 })),
    )
    await soon(() => farm.stats().done > 0)
    first.kill(signal)
    await using second = join(farm)
    expect(await first.exit()).toBe(0)
    expect(await outputs).toHaveLength(8)
    expect(farm.stats()).toMatchObject({ retried: 0, failed: 0, workers: [{ pid: second.pid }] })
  })

  it('does not wait for what it runs when it is told to leave a second time', async () => {
    await using farm = await openFarm()
    await using worker = join(farm)
    const outcome = expect(farm.submit(tasks.ignore, 20_000)).rejects.toMatchObject({ code: 'CLOSED' })
    await soon(() => farm.stats().held === 1)
    worker.kill('SIGTERM')
    await soon(() => farm.stats().workers[0]?.state === 'leaving')
    worker.kill('SIGTERM')
    expect(await worker.exit()).toBe(1)
    await farm.stop()
    await outcome
  })

  it.each([
    ['the farm says', { concurrency: 8 }, []],
    ['its user says', {}, ['--slots', '8']],
  ] as const)('runs as many tasks at once as %s', async (_, options, args) => {
    await using farm = await openFarm(options)
    await using worker = join(farm, ...args)
    await Promise.all(numbers(8).map(() => farm.submit(tasks.meet, 8, { timeoutMs: 5_000 })))
    // A map too, though it has not learnt yet what its tasks cost.
    await farm.submitMany(tasks.meet, Array(8).fill(8), { timeoutMs: 5_000 })
    expect(worker.told('lost')).toEqual([])
  })

  it('waits for its farm when it ends, and is found by the next at its place', async () => {
    const farm = await openFarm(BRISK)
    const { endpoint } = farm
    await using worker = join(farm)
    await untilReady(farm)
    const [before] = farm.stats().workers
    await farm.stop()
    await soon(() => worker.told('lost').length > 0)
    await using next = await openFarm({ ...BRISK, endpoint: endpoint! })
    expect(await next.submit(tasks.double, 21)).toBe(42)
    const [after] = next.stats().workers
    expect(after!.pid).toBe(worker.pid)
    expect(after!.incarnation).not.toBe(before!.incarnation)
  })

  it('binds the same inbox each time that it joins anew', async () => {
    await using farm = await openFarm({ livenessMs: 60_000 })
    const address = await freeAddress('tcp')
    await using relay = await Relay.start(farm.endpoint!)
    await using worker = new CWorker(program, relay.endpoint, '--inbox', address)
    for (let life = 1; life <= 8; life++) {
      await using next = await openFarm({ livenessMs: 60_000 })
      relay.leadTo(next.endpoint!)
      relay.cut()
      expect(await next.submit(tasks.double, life)).toBe(2 * life)
    }
    expect([worker.said, worker.told('listens').every((one) => one === address)]).toEqual(['', true])
  })

  it('finds out at once that its farm is another, by its new connection', async () => {
    await using first = await openFarm({ livenessMs: 60_000 })
    await using relay = await Relay.start(first.endpoint!)
    await using worker = new CWorker(program, relay.endpoint)
    expect(await first.submit(tasks.double, 1)).toBe(2)
    const [before] = first.stats().workers
    await using next = await openFarm()
    relay.leadTo(next.endpoint!)
    relay.cut()
    expect(await next.submit(tasks.double, 2)).toBe(4)
    expect(next.stats().workers[0]!.incarnation).not.toBe(before!.incarnation)
    expect(worker.told('lost')).toHaveLength(1)
  })

  it('loses nothing and does nothing twice while its connections are cut again and again', async () => {
    await using farm = await openFarm({ heartbeatMs: 50, livenessMs: 5_000 })
    const address = await freeAddress('tcp')
    await using sink = await Relay.start(farm.endpoint!)
    await using inbox = await Relay.start(address)
    await using worker = new CWorker(program, sink.endpoint, '--inbox', address, '--advertise', inbox.endpoint)
    const outputs = farm.map(tasks.rest, Array(600).fill({ ms: 1, steps: 1 }))
    let count = 0
    for await (const output of outputs) {
      expect(output).toBe(1)
      if (++count % 100 === 0) (count % 200 === 0 ? sink : inbox).cut()
    }
    expect(sink.lostBytes).toBeGreaterThan(0)
    expect(inbox.lostBytes).toBeGreaterThan(0)
    expect(farm.stats()).toMatchObject({ done: 600, redelivered: 0, failed: 0, workers: [{ pid: worker.pid }] })
    expect(worker.told('joined')).toHaveLength(1)
  })

  it('is given up when it is stopped for longer than the limit of silence, and joins anew when it goes on', async () => {
    await using farm = await openFarm(BRISK)
    await using worker = join(farm)
    await untilReady(farm)
    const outputs = collect(
      farm.mapUnordered(
        tasks.rest,
        Array.from({ length: 200 }, () => ({ ms: 1, steps: 1 })),
      ),
    )
    await soon(() => farm.stats().done > 10)
    worker.kill('SIGSTOP')
    await soon(() => farm.stats().workers.length === 0)
    worker.kill('SIGCONT')
    expect(await outputs).toHaveLength(200)
    expect(worker.told('joined')).toHaveLength(2)
    expect(farm.stats().workers.map(({ pid }) => pid)).toEqual([worker.pid])
  })

  it('ends with its process when a task goes on though its grace is over', async () => {
    await using farm = await openFarm({ graceMs: 50 })
    await using worker = join(farm)
    await untilReady(farm)
    await expect(farm.submit(tasks.ignore, 5_000, { timeoutMs: 50 })).rejects.toMatchObject({ code: 'TIMEOUT' })
    expect(await worker.exit()).toBe(1)
    expect(worker.said).toContain('a task goes on though its time to end is over')
  })
}

function isRefused() {
  it('ends and says why when it speaks another version of the wire', async () => {
    using other = new CProgram('-O0', '-DFARM_WIRE_VERSION=4')
    await using farm = await openFarm()
    await using worker = new CWorker(other, farm.endpoint!)
    expect(await worker.exit()).toBe(1)
    expect(worker.said).toMatch(/version 4/)
  })

  it('ends and says why when it has a task in another version', async () => {
    await using farm = await openFarm({ tasks: OTHER_TASKS })
    await using worker = join(farm)
    expect(await worker.exit()).toBe(1)
    expect(worker.said).toMatch(/double/)
  })
}
