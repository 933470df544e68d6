/**
 * Farms for tests, each closed at the end of its test, with a look at what it left behind.
 */
import { Farm, type FarmOptions, FarmWorkers, type JoinOptions } from '@troupe/actors/farm'
import { isAlive } from '@troupe/testing/is-alive'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'

export const TASKS = new URL('./fixtures/tasks.mjs', import.meta.url)

/** Where the same farm can run. */
export const GROUNDS: readonly (readonly [string, Partial<FarmOptions>])[] = [
  ['processes over ipc', {}],
  ['processes over tcp', { endpoint: 'tcp://127.0.0.1:*' }],
  ['threads', { isolation: 'thread' }],
  ['inline over inproc', { isolation: 'inline' }],
  ['workers that have joined over tcp', { endpoint: 'tcp://127.0.0.1:*', joinable: true }],
]

const open = new Set<Farm>()
const joined = new Set<FarmWorkers>()
const pids = new Set<number>()

/** Of one worker, which is a process or a thread to start, or of two that cost nothing. */
const asTests = (options: Partial<FarmOptions>): FarmOptions => ({
  tasks: TASKS,
  workers: options.isolation === 'inline' ? 2 : 1,
  ...options,
})

/** A farm whose workers are its own, or as many that have joined it. */
async function start(options: Partial<FarmOptions>): Promise<{ farm: Farm; workers: FarmWorkers | undefined }> {
  const given = asTests(options)
  if (given.joinable !== true) return { farm: await Farm.start(given), workers: undefined }
  const farm = await Farm.start({ ...given, workers: 0 })
  const { tasks, workers: slots } = given
  const workers = await FarmWorkers.join({ tasks, slots: slots as number, farm: farm.endpoint! })
  // Welcome they are already; they have a seat once the farm has reached them.
  while (farm.stats().workerStates.idle !== slots) await new Promise((resolve) => setTimeout(resolve, 5))
  return { farm, workers }
}

/** Workers for a farm on the tests' tasks, in a process of their own unless told otherwise. */
export async function joinFarm(farm: Farm, options: Partial<JoinOptions> = {}): Promise<FarmWorkers> {
  const workers = await FarmWorkers.join({ tasks: TASKS, slots: 1, farm: farm.endpoint!, ...options })
  joined.add(workers)
  return workers
}

/** A farm on the tests' tasks: of one worker, or of two that are inline. */
export async function openFarm(options: Partial<FarmOptions> = {}): Promise<Farm> {
  const { farm, workers } = await start(options)
  if (workers !== undefined) joined.add(workers)
  open.add(farm)
  rememberWorkers(farm)
  return farm
}

/** One farm for all the facts of a suite: each leaves it with its first workers and with nothing to do. */
export function sharedFarm(options: Partial<FarmOptions> = {}): () => Farm {
  let farm: Farm
  let workers: FarmWorkers | undefined
  beforeAll(async () => {
    const started = await start(options)
    farm = started.farm
    workers = started.workers
  })
  afterEach(async () => {
    await until(() => isIdle(farm))
    expect(farm.stats().restarts).toBe(0)
  })
  afterAll(async () => {
    rememberWorkers(farm)
    await workers?.stop()
    await farm.stop()
    expectNoneLeft()
  })
  return () => farm
}

export function isIdle(farm: Farm): boolean {
  const { pending, held } = farm.stats()
  return pending + held === 0
}

/** Resolves when `isSo` is true; fails after thirty seconds. */
export const until = (isSo: () => boolean) => expect.poll(isSo, { timeout: 30_000, interval: 5 }).toBe(true)

export async function collect<Value>(values: AsyncIterable<Value>): Promise<Value[]> {
  const all: Value[] = []
  for await (const value of values) all.push(value)
  return all
}

export function* range(count: number): Generator<number> {
  for (let n = 0; n < count; n++) yield n
}

function rememberWorkers(farm: Farm): void {
  for (const { pid } of farm.stats().workers) if (pid !== undefined && pid !== process.pid) pids.add(pid)
}

function expectNoneLeft(): void {
  expect([...pids].filter(isAlive), 'worker processes that are left').toEqual([])
  pids.clear()
}

afterEach(async () => {
  for (const farm of open) rememberWorkers(farm)
  await Promise.all([...joined].map((workers) => workers.stop()))
  await Promise.all([...open].map((farm) => farm.stop()))
  joined.clear()
  open.clear()
  expectNoneLeft()
})
