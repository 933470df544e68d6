/**
 * Services whose handlers run in workers: what it costs when one dies, and how they start and end.
 */
import { treeOf } from '@troupe/actors/inspect'
import { type ServeWorkersOptions, type Service, serve } from '@troupe/actors/rpc'
import { Supervisor } from '@troupe/actors/supervisor'
import { anyEndpoint } from '@troupe/testing'
import { isAlive } from '@troupe/testing/is-alive'
import { beforeAll, describe, expect, it } from 'vitest'
import { garden, kitchen, newer } from './fixtures/kitchen-contract.mjs'
import {
  closing,
  KITCHEN,
  type KitchenClient,
  keep,
  newTag,
  openClient,
  openKitchen,
  range,
  track,
  until,
} from './open-service.js'

const ISOLATIONS = ['process', 'thread'] as const

/** Has each of two workers hold calls, as many as there are; resolves when they do. */
async function holdInEach(service: Service, client: KitchenClient, count = 2) {
  const aborter = new AbortController()
  const calls = range(count).map(() => client.wait({ tag: newTag() }, { signal: aborter.signal, timeoutMs: 0 }))
  const ends = calls.map((call) => call.catch((error: { code: string }) => error.code))
  await until(() => service.stats.workers.every(({ held }) => held === count / 2))
  return { ends, abort: () => aborter.abort() }
}

/** Resolves when one worker more was started again, and all serve. */
function recovery(service: Service) {
  const { restarts } = service.stats
  return () => until(() => service.stats.workers.length === 2 && service.stats.restarts === restarts + 1)
}

const released = (service: Service) => until(() => service.stats.workers.every(({ held }) => held === 0))

describe.each(ISOLATIONS)('a worker that dies, as a %s,', (isolation) => {
  let service: Service
  let client: KitchenClient

  beforeAll(async () => {
    service = await openKitchen({ isolation, workers: 2, intensity: 100, graceMs: 100, maxMemoryMiB: 64 })
    client = openClient(service, { breaker: { failures: 0 } })
    await client.ready()
    keep()
  })

  it.each(isolation === 'process' ? (['exit', 'throw', 'kill'] as const) : (['exit', 'throw'] as const))(
    'costs the calls that it held, at once, and no others: %s',
    async (deed) => {
      const recovered = recovery(service)
      const { ends, abort } = await holdInEach(service, client)
      const failure = { code: 'WORKER_LOST', retryable: true, notRun: false, procedure: 'kitchen.act' }
      await expect(client.act(deed, { timeoutMs: 0 })).rejects.toMatchObject(failure)
      expect(await Promise.race(ends)).toBe('WORKER_LOST')
      await recovered()
      expect(await Promise.all(range(20).map((n) => client.echo(n)))).toEqual(range(20))
      expect(client.state.pending).toBe(1)
      abort()
      expect((await Promise.all(ends)).toSorted()).toEqual(['ABORTED', 'WORKER_LOST'])
      await released(service)
    },
  )

  it('because it is out of memory costs its calls', async () => {
    const recovered = recovery(service)
    await expect(client.act('memory', { timeoutMs: 0 })).rejects.toMatchObject({ code: 'WORKER_LOST' })
    await recovered()
    expect(await client.echo(1)).toBe(1)
  })

  it('has its idempotent calls made again elsewhere', async () => {
    const recovered = recovery(service)
    const { failed } = service.stats
    const pauses = range(6).map(() => client.pause(1_000))
    await until(() => service.stats.workers.every(({ held }) => held === 3))
    await expect(client.act('exit')).rejects.toMatchObject({ code: 'WORKER_LOST' })
    expect((await Promise.all(pauses)).length).toBe(6)
    // What the client made again had failed here.
    expect(service.stats.failed).toBe(failed + 4)
    await recovered()
  })

  it('because a handler does not end is killed after its grace, and the call fails with TIMEOUT', async () => {
    const recovered = recovery(service)
    const { ends, abort } = await holdInEach(service, client)
    await expect(client.act('loop', { timeoutMs: 50 })).rejects.toMatchObject({ code: 'TIMEOUT' })
    expect(await Promise.race(ends)).toBe('WORKER_LOST')
    await recovered()
    expect(client.state.pending).toBe(1)
    expect(await client.echo(1)).toBe(1)
    abort()
    await Promise.all(ends)
    await released(service)
  })
})

describe.each(ISOLATIONS)('a worker, as a %s,', (isolation) => {
  it('that only listens late is not killed, and its room is given back', async () => {
    const service = await openKitchen({ isolation, concurrency: 1 })
    const client = openClient(service)
    await client.ready()
    // Its answer is on its way when its worker hears that it was cancelled.
    await expect(client.spin(300, { timeoutMs: 50, retries: 0 })).rejects.toMatchObject({ code: 'TIMEOUT' })
    expect(await client.echo('next')).toBe('next')
    expect(service.stats).toMatchObject({ running: 0, restarts: 0, workers: [{ held: 0 }] })
  })

  it('that dies too often makes its service fail, and the clients are told', async () => {
    const service = await openKitchen({ isolation, intensity: 0 })
    const client = openClient(service, { waitForServerMs: 100 })
    await client.ready()
    await expect(client.act('exit')).rejects.toMatchObject({ code: 'WORKER_LOST' })
    expect(await service.exit).toMatchObject({ reason: 'failed', error: { code: 'RESTART_INTENSITY' } })
    expect(service.state).toBe('failed')
    await until(() => client.state.status === 'connecting')
    await expect(client.echo(1)).rejects.toMatchObject({ code: 'UNAVAILABLE', notRun: true })
  })
})

describe.each(ISOLATIONS)('a service with workers, each a %s,', (isolation) => {
  it('gives its args to the function that its module exports', async () => {
    const code = { ...KITCHEN, export: 'made' } as never
    const options = { endpoint: anyEndpoint('ipc'), isolation, args: { prefix: 'so: ' } }
    const service = track(await serve(kitchen, code, options as ServeWorkersOptions))
    expect(await openClient(service).echo('salt')).toBe('so: salt')
  })

  it('keeps to its concurrency in each worker, and queues the rest', async () => {
    const service = await openKitchen({ isolation, workers: 2, concurrency: 2, maxQueued: 1 })
    const client = openClient(service, { retries: 0 })
    const { ends, abort } = await holdInEach(service, client, 4)
    const queued = client.echo('queued')
    await until(() => service.stats.queued === 1)
    await expect(client.echo('too much')).rejects.toMatchObject({ code: 'OVERLOADED' })
    abort()
    expect(await queued).toBe('queued')
    await Promise.all(ends)
  })

  it('finishes what its workers run when it is stopped', async () => {
    const service = await openKitchen({ isolation, workers: 2 })
    const client = openClient(service)
    const pauses = range(4).map(() => client.pause(200))
    await until(() => service.stats.running === 4)
    await service.stop()
    expect(new Set(await Promise.all(pauses)).size).toBe(2)
    expect(await service.exit).toEqual({ reason: 'shutdown' })
  })

  it('ends its workers with it when it is killed, as killed', async () => {
    const service = await openKitchen({ isolation, workers: 2, intensity: 0 })
    const client = openClient(service)
    const { ends } = await holdInEach(service, client)
    const pids = service.stats.workers.map(({ pid }) => pid)
    service.kill()
    expect(await Promise.all(ends)).toEqual(['UNAVAILABLE', 'UNAVAILABLE'])
    expect(await service.exit).toEqual({ reason: 'killed' })
    expect(pids.filter((pid) => pid !== undefined && pid !== process.pid && isAlive(pid))).toEqual([])
  })
})

describe('a service with workers', () => {
  const fixture = (name: string) => new URL(`./fixtures/${name}`, import.meta.url)
  const start = (code: object, isolation: 'process' | 'thread' = 'thread', served: unknown = kitchen) =>
    serve(served as typeof kitchen, code as never, { endpoint: anyEndpoint('ipc'), isolation } as ServeWorkersOptions)

  it.each([
    ['has no such module', { module: fixture('nothing-here.mjs'), export: 'handlers' }, 'MODULE_NOT_FOUND'],
    ['has a module that throws', { module: fixture('throws.mjs'), export: 'handlers' }, 'MODULE_FAILED'],
    ['has no such export', { ...KITCHEN, export: 'nothing' }, 'EXPORT_NOT_FOUND'],
    ['exports something else', { ...KITCHEN, export: 'notMade' }, 'EXPORT_NOT_FOUND'],
    ['exports what makes something else', { ...KITCHEN, export: 'madeWrong' }, 'EXPORT_NOT_FOUND'],
  ])('does not start when it %s', async (_what, code, failure) => {
    await expect(start(code)).rejects.toMatchObject({ code: failure })
  })

  it.each([
    ['another contract', garden],
    ['another version of its contract', newer],
  ])('does not start when its workers have %s', async (_what, other) => {
    const started = start(KITCHEN, 'process', other)
    await expect(started).rejects.toMatchObject({
      code: 'VERSION_MISMATCH',
      message: expect.stringContaining('kitchen'),
    })
  })
})

describe('a service in a tree', () => {
  it('is a child like any other: its workers have their paths, and it is started again when it fails', async () => {
    const services: Service[] = []
    const tree = closing(
      await Supervisor.start({
        name: 'root',
        children: [
          {
            id: 'kitchen',
            start: async () => {
              const service = await openKitchen({ isolation: 'process', intensity: 0 })
              services.push(service)
              return service
            },
          },
        ],
      }),
      (open) => open.stop(),
    )
    expect(treeOf(tree).children).toMatchObject([{ path: 'root/kitchen', state: 'running' }])
    const down = tree.lookup('root/kitchen/worker-1').down()
    process.kill(services[0]!.stats.workers[0]!.pid!, 'SIGKILL')
    expect(await down).toMatchObject({ path: 'root/kitchen/worker-1' })
    await until(() => services.length === 2 && services[1]!.state === 'running')
    expect(await openClient(services[1]!).echo(4)).toBe(4)
    await tree.stop()
    expect(await services[1]!.exit).toEqual({ reason: 'shutdown' })
  })
})
