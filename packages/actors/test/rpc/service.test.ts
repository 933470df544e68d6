import { RefusedError } from '@troupe/actors/actor'
import {
  type ConnectOptions,
  connect,
  contract,
  type Middleware,
  procedure,
  type ServeOptions,
  type Service,
  serve,
} from '@troupe/actors/rpc'
import { anyEndpoint, freeAddress } from '@troupe/testing'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { handlers } from './fixtures/kitchen.mjs'
import { garden, kitchen } from './fixtures/kitchen-contract.mjs'
import { closing, newTag, openClient, openKitchen, range, track, until } from './open-service.js'

const desk = contract('desk', {
  procedures: {
    /** Until it is let go, or aborted if it listens. */
    hold: procedure({ input: z.number(), output: z.number(), timeoutMs: 0 }),
    deaf: procedure({ input: z.number(), output: z.number(), timeoutMs: 0 }),
    quick: procedure({ input: z.number(), output: z.number() }),
    fail: procedure({ errors: { CLOSED_NOW: z.object({ until: z.number() }) } }),
    items: procedure({ stream: { out: z.number() } }),
  },
})

/** A desk, with what is held there. */
async function openDesk(options: Partial<ServeOptions> = {}) {
  const held = new Map<number, () => void>()
  const began: number[] = []
  const stay = (n: number, signal?: AbortSignal) =>
    new Promise<number>((resolve, reject) => {
      began.push(n)
      held.set(n, () => resolve(n))
      signal?.addEventListener('abort', () => reject(signal.reason))
    })
  const service = await serve(
    desk,
    {
      hold: (n, { signal }) => stay(n, signal),
      deaf: (n) => stay(n),
      quick: (n) => n,
      fail: (_, { error }) => {
        throw error('CLOSED_NOW', { until: 8 })
      },
      items: () => [1, 2, 3],
    },
    { endpoint: anyEndpoint('tcp'), ...options },
  )
  return { service: track(service), began, release: (n: number) => held.get(n)?.() }
}

const clientOf = (services: readonly Service[], options: Partial<ConnectOptions> = {}) =>
  closing(connect(desk, { endpoints: services.map(({ endpoint }) => endpoint), ...options }), (client) =>
    client.close(),
  )

describe('a service', () => {
  it('runs as many calls at once as it may, the others in the order in which they came', async () => {
    const { service, began, release } = await openDesk({ concurrency: 2 })
    const client = clientOf([service])
    const calls = range(6).map((n) => client.hold(n))
    await until(() => service.stats.queued === 4)
    expect(service.stats).toMatchObject({ running: 2, queued: 4 })
    for (const n of range(6)) {
      await until(() => began.includes(n))
      expect(began.length).toBeLessThanOrEqual(n + 2)
      release(n)
    }
    expect(await Promise.all(calls)).toEqual(range(6))
    expect(began).toEqual(range(6))
  })

  it('refuses with OVERLOADED, at once, what is more than it runs and queues', async () => {
    const { service, release } = await openDesk({ concurrency: 1, maxQueued: 2 })
    const client = clientOf([service], { retries: 0 })
    const calls = range(3).map((n) => client.hold(n))
    await until(() => service.stats.queued === 2)
    await expect(client.quick(1)).rejects.toMatchObject({ code: 'OVERLOADED', retryable: true, notRun: true })
    expect(service.stats.overloaded).toBe(1)
    for (const n of range(3)) {
      await until(() => service.stats.running === 1)
      release(n)
      await calls[n]
    }
    expect(await client.quick(1)).toBe(1)
  })

  it('forgets a call that is given up while it waits to run', async () => {
    const { service, began, release } = await openDesk({ concurrency: 1 })
    const client = clientOf([service])
    const aborter = new AbortController()
    const first = client.hold(1)
    const second = client.hold(2, { signal: aborter.signal })
    const third = client.hold(3, { timeoutMs: 300 })
    const ends = Promise.allSettled([second, third])
    await until(() => service.stats.queued === 2)
    aborter.abort()
    expect(await ends).toMatchObject([{ reason: { code: 'ABORTED' } }, { reason: { code: 'TIMEOUT' } }])
    await until(() => service.stats.queued === 0)
    release(1)
    expect([await first, await client.quick(4), began]).toEqual([1, 4, [1]])
  })

  it('counts what it does', async () => {
    const { service } = await openDesk()
    const client = clientOf([service])
    const aborter = new AbortController()
    const held = client.hold(1, { signal: aborter.signal })
    await client.quick(1)
    await expect(client.fail()).rejects.toMatchObject({ kind: 'CLOSED_NOW' })
    await until(() => service.stats.running === 1)
    aborter.abort()
    await expect(held).rejects.toMatchObject({ code: 'ABORTED' })
    await until(() => service.stats.running === 0)
    expect(service.stats).toEqual({
      ...{ running: 0, queued: 0, sessions: 1, done: 1, failed: 1, cancelled: 1, overloaded: 0 },
      ...{ workers: [], restarts: 0 },
    })
  })

  it('says how it is', async () => {
    const { service } = await openDesk()
    await clientOf([service]).quick(1)
    expect(service.health).toMatchObject({ status: 'serving', service: 'desk', version: null, running: 0, sessions: 1 })
    const stopping = service.stop()
    expect(service.health.status).toBe('draining')
    await stopping
  })

  it('listens on several endpoints', async () => {
    const { service } = await openDesk({
      endpoint: `${anyEndpoint('tcp')},${anyEndpoint('inproc')},${anyEndpoint('ipc')}`,
    })
    expect(service.endpoints.map((endpoint) => endpoint.split(':')[0])).toEqual(['tcp', 'inproc', 'ipc'])
    for (const endpoint of service.endpoints) {
      const client = closing(connect(desk, { endpoints: [endpoint] }), (open) => open.close())
      expect(await client.quick(1)).toBe(1)
    }
  })

  it.each([
    ['beyond loopback', 'tcp://0.0.0.0:*', 'INSECURE_ENDPOINT'],
    ['on every interface', 'tcp://*:*', 'INSECURE_ENDPOINT'],
    ['malformed', 'tcp//127.0.0.1:1', 'INVALID_ENDPOINT'],
    ['of no known transport', 'udp://127.0.0.1:1', 'INVALID_ENDPOINT'],
  ])('does not listen on an endpoint that is %s', async (_what, endpoint, code) => {
    await expect(openDesk({ endpoint })).rejects.toMatchObject({ code })
  })

  it('listens beyond loopback when it is told that it may', async () => {
    const { service } = await openDesk({ endpoint: 'tcp://0.0.0.0:*', insecure: true })
    const endpoint = service.endpoint.replace('0.0.0.0', '127.0.0.1')
    expect(await closing(connect(desk, { endpoints: [endpoint] }), (open) => open.close()).quick(1)).toBe(1)
  })

  it('does not start on an endpoint that is taken', async () => {
    const { service } = await openDesk()
    await expect(openDesk({ endpoint: service.endpoint })).rejects.toMatchObject({ code: 'ENDPOINT_IN_USE' })
  })

  it.each([
    ['concurrency', { concurrency: 0 }],
    ['window', { window: 65_537 }],
    ['livenessMs', { heartbeatMs: 100, livenessMs: 150 }],
    ['worker', { worker: 1 }],
  ])('refuses the option %s out of range, by its name', async (path, options) => {
    const opened = () => openDesk(options as Partial<ServeOptions>)
    await expect(opened()).rejects.toMatchObject({ code: 'INVALID_OPTIONS' })
    await expect(opened()).rejects.toThrow(path)
  })

  it('refuses handlers that are not those of its contract', async () => {
    const endpoint = anyEndpoint('tcp')
    const { echo, ...others } = handlers.handlers
    const failure = { code: 'INVALID_OPTIONS', message: expect.stringContaining('echo') }
    await expect(serve(kitchen, others as never, { endpoint })).rejects.toMatchObject(failure)
    await expect(serve(garden, { echo, more: echo } as never, { endpoint })).rejects.toThrow(/more/)
    await expect(serve(garden, handlers as never, { endpoint })).rejects.toThrow(/not of kitchen/)
  })
})

describe('middleware', () => {
  const open = async (middleware: readonly Middleware[]) =>
    clientOf([(await openDesk({ middleware: [...middleware] })).service])

  it('stands around the handler, the first outermost, with the parsed input and the context', async () => {
    const steps: unknown[] = []
    const named =
      (name: string): Middleware =>
      async ({ procedure: called, input, context }, next) => {
        steps.push([name, called, input, context.metadata.user])
        const output = await next()
        steps.push([name, output])
        return output
      }
    const client = await open([named('outer'), named('inner')])
    expect(await client.quick(7, { metadata: { user: 'ann' } })).toBe(7)
    expect(steps).toEqual([
      ['outer', 'quick', 7, 'ann'],
      ['inner', 'quick', 7, 'ann'],
      ['inner', 7],
      ['outer', 7],
    ])
  })

  it('can refuse a call, which then does not run', async () => {
    let ran = 0
    const guard: Middleware = ({ context }, next) => {
      if (context.metadata.token !== 'right') throw new RefusedError('who are you?')
      return next()
    }
    const client = await open([
      guard,
      (_, next) => {
        ran++
        return next()
      },
    ])
    await expect(client.quick(1)).rejects.toMatchObject({
      code: 'REFUSED',
      message: expect.stringContaining('who are you?'),
    })
    expect(ran).toBe(0)
    expect(await client.quick(1, { metadata: { token: 'right' } })).toBe(1)
    expect(ran).toBe(1)
  })

  it('sees what the handler throws, and what it makes of it is what the caller gets', async () => {
    const seen: unknown[] = []
    const client = await open([
      async (_, next) => {
        try {
          return await next()
        } catch (error) {
          seen.push((error as { kind: string }).kind)
          throw new RefusedError('come back later')
        }
      },
    ])
    await expect(client.fail()).rejects.toMatchObject({ code: 'REFUSED' })
    expect(seen).toEqual(['CLOSED_NOW'])
  })

  it('may change the output, which is checked, and the stream', async () => {
    const client = await open([
      async ({ procedure: called }, next) => {
        const output = await next()
        if (called === 'items') return (output as number[]).map((n) => n * 100)
        return output === 1 ? 'text' : Number(output) + 1
      },
    ])
    expect(await client.quick(5)).toBe(6)
    await expect(client.quick(1)).rejects.toMatchObject({ code: 'INVALID_OUTPUT' })
    const items: number[] = []
    for await (const n of client.items()) items.push(n)
    expect(items).toEqual([100, 200, 300])
  })

  it('may call next once', async () => {
    const client = await open([
      async (_, next) => {
        await next()
        return next()
      },
    ])
    await expect(client.quick(1)).rejects.toMatchObject({
      code: 'CALL_FAILED',
      message: expect.stringContaining('once'),
    })
  })
})

describe('a service that is stopped', () => {
  it('finishes what runs, and the other server takes the rest, though nothing of it is idempotent', async () => {
    const [first, second] = [await openDesk({ concurrency: 1 }), await openDesk()]
    const client = clientOf([first.service])
    const calls = range(4).map((n) => client.hold(n))
    await until(() => first.service.stats.queued === 3)
    const both = clientOf([first.service, second.service])
    const more = [both.hold(10, { key: 'a' }), both.hold(11, { key: 'b' }), both.hold(12, { key: 'c' }), both.hold(13)]
    await until(() => first.service.stats.queued + second.service.stats.running === 7)
    const stopped = first.service.stop()
    await until(() => second.service.stats.running === 4)
    expect(first.began).toEqual([0])
    first.release(0)
    expect(await calls[0]).toBe(0)
    await stopped
    for (const n of range(4)) second.release(n + 10)
    expect(await Promise.all(more)).toEqual([10, 11, 12, 13])
    expect(second.began.toSorted()).toEqual([10, 11, 12, 13])
    expect(await Promise.allSettled(calls.slice(1))).toMatchObject(
      range(3).map(() => ({ reason: { code: 'UNAVAILABLE', retryable: true } })),
    )
    expect(await first.service.exit).toEqual({ reason: 'shutdown' })
  })

  it('takes no new calls while it drains', async () => {
    const { service, release } = await openDesk()
    const client = clientOf([service], { waitForServerMs: 50 })
    await client.ready()
    const held = client.hold(1)
    await until(() => service.stats.running === 1)
    const stopped = service.stop()
    await until(() => client.state.servers[0]?.state === 'draining')
    await expect(client.quick(1)).rejects.toMatchObject({ code: 'UNAVAILABLE', notRun: true })
    release(1)
    expect(await held).toBe(1)
    await stopped
  })

  it('aborts what still runs after drainMs, and fails it with UNAVAILABLE', async () => {
    const { service } = await openDesk({ drainMs: 50 })
    const held = clientOf([service]).hold(1)
    await until(() => service.stats.running === 1)
    await Promise.all([service.stop(), expect(held).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true })])
    expect(service.stats.running).toBe(0)
  })

  it('has ended within timeoutMs, though a handler does not listen', async () => {
    const { service } = await openDesk({ drainMs: 60_000 })
    const held = clientOf([service]).deaf(1)
    await until(() => service.stats.running === 1)
    const beganAt = performance.now()
    await Promise.all([service.stop({ timeoutMs: 50 }), expect(held).rejects.toMatchObject({ code: 'UNAVAILABLE' })])
    expect(performance.now() - beganAt).toBeLessThan(5_000)
    expect(await service.exit).toEqual({ reason: 'killed' })
  })

  it('ends at once when it is killed', async () => {
    const { service } = await openDesk({ drainMs: 60_000 })
    const held = clientOf([service]).deaf(1)
    await until(() => service.stats.running === 1)
    service.kill()
    await expect(held).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(await service.exit).toEqual({ reason: 'killed' })
    expect(service.state).toBe('stopped')
  })

  it('may be told to stop again and again', async () => {
    const { service } = await openDesk()
    await Promise.all([service.stop(), service.stop(), service[Symbol.asyncDispose]()])
    await service.stop({ timeoutMs: 'brutal_kill' })
    expect(service.state).toBe('stopped')
  })

  it('gives its endpoint back', async () => {
    const endpoint = await freeAddress('tcp')
    const first = await openKitchen({ endpoint })
    await first.stop()
    const second = await openKitchen({ endpoint })
    expect(await openClient(second).seen(newTag())).toMatchObject({ began: false })
  })
})
