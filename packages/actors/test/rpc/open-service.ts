/**
 * Services and clients for tests, closed when their test, or their group of tests, is over, with a look at what is left.
 */
import {
  type Client,
  type ConnectOptions,
  connect,
  type ServeOptions,
  type ServeWorkersOptions,
  type Service,
  serve,
} from '@troupe/actors/rpc'
import { anyEndpoint } from '@troupe/testing'
import { isAlive } from '@troupe/testing/is-alive'
import { afterAll, afterEach, expect } from 'vitest'
import { handlers } from './fixtures/kitchen.mjs'
import { kitchen } from './fixtures/kitchen-contract.mjs'

export const KITCHEN = { module: new URL('./fixtures/kitchen.mjs', import.meta.url), export: 'handlers' }

/** How the same service can run. */
export interface Ground {
  readonly endpoint: string
  readonly isolation?: 'process' | 'thread'
}

export const GROUNDS: readonly (readonly [string, () => Ground])[] = [
  ['inline over inproc', () => ({ endpoint: anyEndpoint('inproc') })],
  ['inline over ipc', () => ({ endpoint: anyEndpoint('ipc') })],
  ['inline over tcp', () => ({ endpoint: anyEndpoint('tcp') })],
  ['in a worker process over tcp', () => ({ endpoint: anyEndpoint('tcp'), isolation: 'process' })],
  ['in a worker thread over ipc', () => ({ endpoint: anyEndpoint('ipc'), isolation: 'thread' })],
]

export type KitchenClient = Client<typeof kitchen>

interface Resource {
  close(): Promise<void>
}

/** What is open: of the test that runs, or of its group. */
const opened = new Set<Resource>()
const kept = new Set<Resource>()
const pids = new Set<number>()

/** Closes it at the end of the test. */
export function closing<R>(resource: R, close: (resource: R) => Promise<void>): R {
  opened.add({ close: () => close(resource) })
  return resource
}

/** What was opened in a hook is open until its group of tests is over. */
export function keep(): void {
  for (const resource of opened) kept.add(resource)
  opened.clear()
}

export type KitchenOptions = Partial<ServeOptions> & Partial<ServeWorkersOptions>

/** A service of the tests' contract. */
export async function openKitchen({ isolation, ...options }: KitchenOptions = {}): Promise<Service> {
  const endpoint = options.endpoint ?? anyEndpoint('tcp')
  const service =
    isolation === undefined
      ? await serve(kitchen, handlers, { ...options, endpoint } as ServeOptions)
      : await serve(kitchen, KITCHEN as never, { ...options, endpoint, isolation } as ServeWorkersOptions)
  return track(service)
}

/** Stops it at the end of the test. */
export function track(service: Service): Service {
  see(service)
  return closing(service, async () => {
    see(service)
    await service.stop({ timeoutMs: 500 })
  })
}

function see({ stats }: Service): void {
  for (const { pid } of stats.workers) if (pid !== undefined && pid !== process.pid) pids.add(pid)
}

/** A client of the tests' contract, of the service or of its endpoints. */
export function openClient(to: Service | readonly string[], options: Partial<ConnectOptions> = {}): KitchenClient {
  const endpoints = 'endpoint' in to ? [to.endpoint] : [...to]
  return closing(connect(kitchen, { endpoints, ...options }), (client) => client.close())
}

/** Resolves when `isSo` is true; fails after thirty seconds. */
export const until = (isSo: () => boolean | Promise<boolean>) =>
  expect.poll(isSo, { timeout: 30_000, interval: 5 }).toBe(true)

export async function collect<Value>(values: AsyncIterable<Value>): Promise<Value[]> {
  const all: Value[] = []
  for await (const value of values) all.push(value)
  return all
}

export const range = (count: number): number[] => Array.from({ length: count }, (_, n) => n)

let tags = 0

/** A tag that no other call has. */
export const newTag = () => `tag-${++tags}`

async function closeAll(resources: Set<Resource>): Promise<void> {
  // Clients before their services: what was opened last is closed first.
  for (const resource of [...resources].reverse()) await resource.close()
  resources.clear()
}

afterEach(() => closeAll(opened))

afterAll(async () => {
  await closeAll(kept)
  expect([...pids].filter(isAlive), 'worker processes that are left').toEqual([])
  pids.clear()
})
