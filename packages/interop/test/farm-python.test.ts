/**
 * The worker in Python, written from docs/wire/farm.md alone, in a farm of ours.
 */
import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Farm, type FarmOptions } from '@troupe/actors/farm'
import { Certificate } from '@troupe/core'
import { freeAddress } from '@troupe/testing'
import { pythonWith, required } from '@troupe/testing/python-with'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { FarmProgram, untilReady } from './farm-program.js'
import * as tasks from './fixtures/farm-tasks.mjs'
import { Relay } from './relay.js'

const python = pythonWith('zmq', 'msgpack')
const missing =
  python === undefined ? 'no Python here has pyzmq and msgpack: on Debian, apt install python3-zmq python3-msgpack' : ''
const skipped = python === undefined && !required

const PROGRAM = [python ?? 'python3', '-B', fileURLToPath(new URL('../python/farm_tasks.py', import.meta.url))]
const TASKS = new URL('./fixtures/farm-tasks.mjs', import.meta.url)
const OTHER_TASKS = new URL('./fixtures/farm-tasks-2.mjs', import.meta.url)
/** Silences are found soon. */
const BRISK = { heartbeatMs: 50, livenessMs: 250 }

const openFarm = (options: Partial<FarmOptions> = {}) =>
  Farm.start({ tasks: TASKS, workers: 0, endpoint: 'tcp://127.0.0.1:*', joinable: true, retries: 0, ...options })
const joining = (farm: Farm, endpoint = farm.endpoint!) => new FarmProgram(PROGRAM, endpoint)
const soon = (isSo: () => boolean) => expect.poll(isSo, { timeout: 20_000, interval: 5 }).toBe(true)
const incarnations = (farm: Farm) => farm.stats().workers.map(({ incarnation }) => incarnation)
const numbers = (count: number) => Array.from({ length: count }, (_, n) => n)
const ascending = (values: number[]) => values.sort((a, b) => a - b)

/** Has the farm learn that tasks are short, so that it sends some ahead. */
async function expectShort(farm: Farm): Promise<void> {
  await farm.submitMany(tasks.double, numbers(500))
  await farm.submitMany(tasks.wait, Array(500).fill(0))
}

/** A task that waits so long, once it has begun to. */
async function begun(farm: Farm, seconds: number, signal?: AbortSignal): Promise<{ output: Promise<number> }> {
  let hasBegun = false
  const onProgress = () => {
    hasBegun = true
  }
  const output = farm.submit(tasks.wait, seconds, { signal, onProgress })
  await soon(() => hasBegun)
  return { output }
}

async function collect<Value>(values: AsyncIterable<Value>): Promise<Value[]> {
  const all: Value[] = []
  for await (const value of values) all.push(value)
  return all
}

describe.skipIf(skipped)(`a worker in Python${skipped ? ` (${missing})` : ''}`, () => {
  if (python === undefined && required) throw new Error(missing)
  describe('in its farm', shared)
  describe('that comes and goes', comings)
})

function shared() {
  let farm: Farm
  let worker: FarmProgram
  beforeAll(async () => {
    farm = await openFarm()
    worker = joining(farm)
    await farm.submit(tasks.double, 1)
  })
  afterAll(async () => {
    expect(farm.stats().workers).toMatchObject([{ id: 'remote-1', pid: worker.pid }])
    await worker[Symbol.asyncDispose]()
    await farm.stop()
  })

  it('does tasks, many and one, and says where it is and what it uses', async () => {
    expect(await collect(farm.map(tasks.double, numbers(5_000)))).toEqual(numbers(5_000).map((n) => 2 * n))
    expect(await farm.submit(tasks.words, 'to be or not to be')).toEqual({ to: 2, be: 2, or: 1, not: 1 })
    await soon(() => (farm.stats().workers[0]?.memoryMiB ?? 0) > 1)
    expect(farm.stats().workers[0]).toMatchObject({ isolation: 'remote', host: expect.stringMatching(/./) })
    expect(farm.stats().runTime.count).toBe(5_002)
  })

  it('takes and gives bytes of any size as they were', async () => {
    const bytes = Buffer.alloc(2 ** 20, 'a mebibyte ')
    expect(await farm.submit(tasks.digest, bytes)).toBe(createHash('sha256').update(bytes).digest('hex'))
    expect(bytes.equals(Buffer.from(await farm.submit(tasks.reverse, bytes)).reverse())).toBe(true)
    const sizes = [0, 1, 16_383, 16_384, 100_000]
    const outputs = await farm.submitMany(
      tasks.reverse,
      sizes.map((size) => bytes.subarray(0, size)),
    )
    expect(outputs.map(({ length }) => length)).toEqual(sizes)
    const pair = [bytes, bytes.subarray(7)] as const
    const nested = (await farm.submit(tasks.echo, { small: Buffer.from('x'), pair })) as { pair: Buffer[] }
    expect(nested).toMatchObject({ small: Buffer.from('x'), pair: [{ length: 2 ** 20 }, { length: 2 ** 20 - 7 }] })
    expect(nested.pair.every((one, n) => pair[n]!.equals(one))).toBe(true)
    const many = Array.from({ length: 4_100 }, (_, n) => Buffer.alloc(16_384, n))
    const back = (await farm.submit(tasks.echo, many)) as Uint8Array[]
    expect(back.every((one, n) => many[n]!.equals(one))).toBe(true)
  })

  it('gives back what JavaScript has', async () => {
    const values = [
      undefined,
      null,
      true,
      0.5,
      -5e9,
      2 ** 53 - 1,
      Number.NaN,
      2n ** 60n,
      'é',
      new Date(1_234_567_890_123),
    ]
    expect(await farm.submitMany(tasks.echo, [...values, { none: undefined, nested: [{}] }])).toEqual([
      ...values,
      { none: undefined, nested: [{}] },
    ])
  })

  it('says what its tasks have thrown, and what does not fit', async () => {
    const failed = await farm.submit(tasks.refuse, 'no').catch((error: Error) => error)
    expect(failed).toMatchObject({ code: 'TASK_FAILED', message: expect.stringContaining('"no" is too rude') })
    const { cause } = failed as Error
    expect(cause).toMatchObject({
      name: 'TooRude',
      message: '"no" is too rude',
      code: 'TOO_RUDE',
      word: 'no',
      letters: 2,
    })
    expect((cause as Error).stack).toContain('farm_tasks.py')
    expect((cause as Error).cause).toMatchObject({ name: 'LookupError', message: 'no such kindness' })
    await expect(farm.submit(tasks.refuse, '')).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining('there is no word'),
    })
    await expect(farm.submit(tasks.misfit, null)).rejects.toMatchObject({
      code: 'INVALID_OUTPUT',
      message: expect.stringContaining('a set is no value of the wire'),
    })
  })

  it('knows which try of its task it runs', async () => {
    expect(await farm.submit(tasks.third, null, { retries: 2 })).toBe(3)
  })

  it('ends a task that is cancelled, and begins none that was cancelled behind it', async () => {
    const [first, behind] = [new AbortController(), new AbortController()]
    await expectShort(farm)
    const { output } = await begun(farm, 60, first.signal)
    const waiting = farm.submit(tasks.wait, 60, { signal: behind.signal })
    await soon(() => farm.stats().held === 2)
    behind.abort()
    await expect(waiting).rejects.toMatchObject({ code: 'ABORTED' })
    await soon(() => farm.stats().held === 1)
    first.abort()
    await expect(output).rejects.toMatchObject({ code: 'ABORTED' })
    expect(await farm.submit(tasks.double, 4)).toBe(8)
  })

  it('ends a task that is out of time', async () => {
    await expect(farm.submit(tasks.wait, 60, { timeoutMs: 100 })).rejects.toMatchObject({ code: 'TIMEOUT' })
    expect(await farm.submit(tasks.double, 5)).toBe(10)
  })

  it('gives parts in order, says how far it has got, and returns the output', async () => {
    const text = numbers(1_000).map((n) => `line ${n}`)
    const progress: unknown[] = []
    const stream = farm.stream(tasks.lines, text.join('\n'), { onProgress: (value) => progress.push(value) })
    expect(await collect(stream)).toEqual(text)
    expect(await stream.result).toBe(1_000)
    expect(progress.at(-1)).toEqual({ done: 1_000, total: 1_000 })
    expect(await farm.submit(tasks.lines, 'a\nb')).toBe(2)
  })

  it('stands still while the reader of its parts is behind, and ends when they are read no more', async () => {
    const stream = farm.stream(tasks.endless, 100_000)
    let count = 0
    for await (const part of stream) {
      expect(Buffer.alloc(100_000, count).equals(part)).toBe(true)
      if (++count === 100) break
    }
    expect(await farm.submit(tasks.double, 6)).toBe(12)
  })
}

function comings() {
  it('is not taken for dead or hung while a task computes', async () => {
    await using farm = await openFarm({ ...BRISK, hangMs: 500 })
    await using worker = joining(farm)
    await untilReady(farm)
    const before = incarnations(farm)
    expect(await farm.submit(tasks.compute, 20_000_000)).toBe(199_999_990_000_000)
    expect(incarnations(farm)).toEqual(before)
    expect(worker.said).not.toContain('silent')
  })

  it('that is killed while it holds tasks loses none: another does them, each result comes once', async () => {
    await using farm = await openFarm()
    await using first = joining(farm)
    await untilReady(farm)
    await farm.submit(tasks.wait, 0.001)
    // Stopped, it cannot have done them all before it dies.
    first.kill('SIGSTOP')
    const results = collect(farm.mapUnordered(tasks.wait, Array(400).fill(0.001) as number[], { settled: true }))
    await soon(() => farm.stats().workers[0]!.held > 0)
    first.kill('SIGKILL')
    await using _ = joining(farm)
    const indices = (await results).map(({ status, index }) => (status === 'fulfilled' ? index : -1))
    expect(ascending(indices)).toEqual(numbers(400))
    expect(farm.stats()).toMatchObject({ done: 401, failed: 0 })
    expect(farm.stats().redelivered).toBeGreaterThan(0)
  })

  it('drains at SIGTERM: it ends what it runs, gives back the rest, and exits with 0', async () => {
    await using farm = await openFarm()
    await using leaving = joining(farm)
    await expectShort(farm)
    const { output } = await begun(farm, 0.5)
    const rest = farm.submitMany(tasks.double, numbers(100))
    await soon(() => farm.stats().held > 1)
    leaving.kill('SIGTERM')
    await soon(() => farm.stats().held === 1)
    await using _ = joining(farm)
    expect(await output).toBe(0.5)
    expect(await leaving.exit()).toBe(0)
    expect(await rest).toEqual(numbers(100).map((n) => 2 * n))
    expect(farm.stats()).toMatchObject({ done: 1_101, failed: 0, retried: 0 })
  })

  it('ends at once at a second SIGINT', async () => {
    await using farm = await openFarm()
    await using worker = joining(farm)
    const { output } = await begun(farm, 60)
    const failure = expect(output).rejects.toMatchObject({ code: 'CLOSED' })
    worker.kill('SIGINT')
    await soon(() => farm.stats().workers[0]?.state === 'leaving')
    worker.kill('SIGINT')
    expect(await worker.exit()).toBe(0)
    await farm.stop()
    await failure
  })

  it('whose farm has ended is ended by one SIGTERM', async () => {
    const farm = await openFarm()
    await using worker = joining(farm)
    await untilReady(farm)
    await farm.stop()
    await soon(() => worker.said.includes('the farm has ended'))
    worker.kill('SIGTERM')
    expect(await worker.exit()).toBe(0)
  })

  it('finds a farm again that is started anew at the same port', async () => {
    const first = await openFarm()
    const { endpoint } = first
    // Its inbox is to be the same too.
    await using _ = new FarmProgram([...PROGRAM, '--inbox', await freeAddress('tcp')], endpoint!)
    expect(await first.submit(tasks.double, 1)).toBe(2)
    const [before] = incarnations(first)
    await first.stop()
    await using next = await openFarm({ endpoint })
    expect(await next.submit(tasks.double, 2)).toBe(4)
    expect(incarnations(next)).not.toContain(before)
  })

  it('finds out at once that its farm is another, by its new connection', async () => {
    await using first = await openFarm({ heartbeatMs: 50, livenessMs: 60_000 })
    await using relay = await Relay.start(first.endpoint!)
    await using worker = joining(first, relay.endpoint)
    await untilReady(first)
    const [before] = incarnations(first)
    await using next = await openFarm()
    relay.leadTo(next.endpoint!)
    relay.cut()
    expect(await next.submit(tasks.double, 2)).toBe(4)
    expect(incarnations(next)).not.toContain(before)
    expect(worker.said).toContain('the farm has given it up')
  })

  it('says why on stderr, and exits with 1, where the farm has another version of its tasks', async () => {
    await using farm = await openFarm({ tasks: OTHER_TASKS })
    await using worker = joining(farm)
    expect(await worker.exit()).toBe(1)
    expect(worker.said).toMatch(/refused this worker: .*"double".*version/)
    expect(worker.said).not.toContain('Traceback')
  })

  it('that is stopped for longer than its liveness is given up, and joins anew when it goes on', async () => {
    await using farm = await openFarm(BRISK)
    await using worker = joining(farm)
    await untilReady(farm)
    const [before] = incarnations(farm)
    const results = collect(farm.map(tasks.wait, Array(100).fill(0.002) as number[]))
    await soon(() => farm.stats().done > 20)
    worker.kill('SIGSTOP')
    await soon(() => farm.stats().workers.length === 0)
    worker.kill('SIGCONT')
    expect(await results).toHaveLength(100)
    expect(farm.stats()).toMatchObject({ done: 100, workers: [{ pid: worker.pid }] })
    expect(incarnations(farm)).not.toContain(before)
  })

  it('whose task goes on beyond its time and its grace is given up, and joins anew once the task has ended', async () => {
    await using farm = await openFarm({ heartbeatMs: 50, livenessMs: 1_000, graceMs: 100 })
    await using worker = joining(farm)
    await untilReady(farm)
    const [before] = incarnations(farm)
    await expect(farm.submit(tasks.compute, 30_000_000, { timeoutMs: 100 })).rejects.toMatchObject({ code: 'TIMEOUT' })
    expect(await farm.submit(tasks.double, 3)).toBe(6)
    expect(incarnations(farm)).not.toContain(before)
    expect(worker.said).toMatch(/"compute" goes on though .* the farm has given it up\n.* joined as remote-\d\n/s)
  })

  it('whose connections are cut again and again takes once and sends again what was lost, and goes on', async () => {
    await using farm = await openFarm({ heartbeatMs: 50, livenessMs: 5_000 })
    const address = await freeAddress('tcp')
    await using sink = await Relay.start(farm.endpoint!)
    await using inbox = await Relay.start(address)
    await using _ = new FarmProgram([...PROGRAM, '--inbox', address, '--advertise', inbox.endpoint], sink.endpoint)
    await untilReady(farm)
    const before = incarnations(farm)
    const outputs = farm.map(tasks.wait, Array(600).fill(0.001) as number[])
    let count = 0
    for await (const output of outputs) {
      expect(output).toBe(0.001)
      if (++count % 100 === 0) (count % 200 === 0 ? sink : inbox).cut()
    }
    expect(sink.lostBytes).toBeGreaterThan(0)
    expect(inbox.lostBytes).toBeGreaterThan(0)
    expect(count).toBe(600)
    expect(incarnations(farm)).toEqual(before)
    expect(farm.stats()).toMatchObject({ done: 600, redelivered: 0, failed: 0 })
  })

  it('joins a farm with security by its certificate, and is not let in by another', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'troupe-test-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const [ours, theirs, other] = ['farm', 'worker', 'other'].map((name) => Certificate.generate({ name }))
    const path = (name: string) => join(folder, name)
    await Promise.all([ours!.save(path('farm')), theirs!.save(path('worker')), other!.save(path('other'))])
    await using farm = await openFarm({ security: { certificate: ours!, trust: theirs! } })
    const by = (name: string) => [...PROGRAM, '--certificate', `${path(name)}_secret`, '--farm', path('farm')]
    await using stranger = new FarmProgram(by('other'), farm.endpoint!)
    await soon(() => farm.stats().denied > 0)
    await using _ = new FarmProgram(by('worker'), farm.endpoint!)
    expect(await collect(farm.map(tasks.double, numbers(100)))).toHaveLength(100)
    expect(farm.stats().workers).toMatchObject([
      { identity: { publicKey: theirs!.publicKey, metadata: { name: 'worker' } } },
    ])
    expect(stranger.said).not.toContain('it has joined')
  })
}
