import { connect, type ServeOptions, serve } from '@troupe/actors/rpc'
import { anyEndpoint } from '@troupe/testing'
import { describe, expect, it } from 'vitest'
import { handlers } from './fixtures/kitchen.mjs'
import { garden, kitchen } from './fixtures/kitchen-contract.mjs'
import { clientOf, desk, openDesk } from './open-desk.js'
import { closing, range, until } from './open-service.js'

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
      ...{ denied: 0, violations: 0, workers: [], restarts: 0 },
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
