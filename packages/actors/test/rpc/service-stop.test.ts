import { freeAddress } from '@troupe/testing'
import { describe, expect, it } from 'vitest'
import { clientOf, openDesk } from './open-desk.js'
import { newTag, openClient, openKitchen, range, until } from './open-service.js'

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
