/**
 * What a client does with calls that fail: tries again, hedges, and leaves a server alone that fails too often.
 */
import { RefusedError } from '@troupe/actors/actor'
import { TroupeError } from '@troupe/core'
import { describe, expect, it } from 'vitest'
import { clientOf, type Deed, openNamed, untilAborted } from './open-named.js'
import { range, until } from './open-service.js'

const overloaded: Deed = () => {
  throw new TroupeError('OVERLOADED', 'too much to do', { retryable: true })
}
const soon = { backoff: { minMs: 1, maxMs: 2 }, breaker: { failures: 0 } }

describe('a call that fails', () => {
  it('is tried again as often as it may, when it is idempotent and the failure retryable', async () => {
    const a = await openNamed('a')
    a.does(overloaded)
    const client = clientOf([a], { ...soon, retries: 3 })
    await expect(client.who()).rejects.toMatchObject({ code: 'OVERLOADED' })
    expect(a.begun()).toBe(4)
    await expect(client.who(undefined, { retries: 1 })).rejects.toMatchObject({ code: 'OVERLOADED' })
    expect(a.begun()).toBe(6)
  })

  it('succeeds when a later try does, at another server if there is one', async () => {
    const [a, b] = [await openNamed('a'), await openNamed('b')]
    a.does(overloaded)
    const client = clientOf([a, b], { ...soon, balance: 'round_robin' })
    await until(() => client.state.servers.every(({ state }) => state === 'open'))
    expect(await Promise.all(range(4).map(() => client.who()))).toEqual(['b', 'b', 'b', 'b'])
    expect(a.begun()).toBe(2)
  })

  it('is not tried again when it is not idempotent, or the failure not retryable', async () => {
    const a = await openNamed('a')
    a.does(overloaded)
    const client = clientOf([a], { ...soon, retries: 5 })
    await expect(client.only()).rejects.toMatchObject({ code: 'OVERLOADED' })
    expect(a.begun()).toBe(1)
    a.does(() => {
      throw new RefusedError('no')
    })
    await expect(client.who()).rejects.toMatchObject({ code: 'REFUSED' })
    expect(a.begun()).toBe(2)
  })

  it('is not tried again once the budget of all calls is used up', async () => {
    const a = await openNamed('a')
    a.does(overloaded)
    const client = clientOf([a], { ...soon, retries: 5, retryBudget: 0.1 })
    await Promise.allSettled(range(100).map(() => client.who()))
    // Ten at first, and a tenth of the calls.
    expect(a.begun()).toBeGreaterThan(100)
    expect(a.begun()).toBeLessThanOrEqual(120)
    const none = clientOf([a], { ...soon, retries: 5, retryBudget: 0 })
    const before = a.begun()
    await Promise.allSettled(range(10).map(() => none.who()))
    expect(a.begun()).toBe(before + 10)
  })

  it('is given up while it waits for its next try', async () => {
    const a = await openNamed('a')
    a.does(overloaded)
    const client = clientOf([a], { backoff: { minMs: 60_000, maxMs: 60_000 } })
    const aborter = new AbortController()
    const call = client.who(undefined, { signal: aborter.signal, timeoutMs: 0 })
    const late = client.who(undefined, { timeoutMs: 200 })
    const ends = Promise.allSettled([call, late])
    await until(() => a.service.stats.failed === 2)
    aborter.abort()
    expect(await ends).toMatchObject([{ reason: { code: 'ABORTED' } }, { reason: { code: 'TIMEOUT' } }])
    const closed = client.who(undefined, { timeoutMs: 0 })
    await until(() => a.service.stats.failed === 3)
    await Promise.all([client.close(), expect(closed).rejects.toMatchObject({ code: 'CLOSED' })])
  })
})

describe('a call that is hedged', () => {
  async function openHedged() {
    const [slow, fast] = [await openNamed('slow'), await openNamed('fast')]
    slow.does(untilAborted)
    const client = clientOf([slow], { hedgeAfterMs: 20 })
    const both = clientOf([slow, fast], { hedgeAfterMs: 20, balance: 'round_robin', breaker: { failures: 0 } })
    await until(() => both.state.servers.every(({ state }) => state === 'open'))
    return { slow, fast, both, client }
  }

  it('is answered by the second server when the first is slow, which then is told to stop', async () => {
    const { slow, fast, both } = await openHedged()
    expect(await both.who()).toBe('fast')
    expect(await both.who()).toBe('fast')
    await until(() => slow.service.stats.running === 0)
    expect(slow.service.stats.cancelled).toBe(slow.begun())
    expect(slow.begun()).toBeGreaterThan(0)
    expect(fast.begun()).toBe(2)
    expect(both.state.pending).toBe(0)
  })

  it('is not when it is not idempotent, or answered in time', async () => {
    const { slow, fast, both } = await openHedged()
    slow.does(() => new Promise((resolve) => setTimeout(resolve, 150)))
    expect([await both.only(), await both.only()].toSorted()).toEqual(['fast', 'slow'])
    slow.does(() => undefined)
    expect([await both.who(), await both.who()].toSorted()).toEqual(['fast', 'slow'])
    expect([slow.begun(), fast.begun()]).toEqual([2, 2])
  })

  it('fails only when both have failed', async () => {
    const { slow, fast, both } = await openHedged()
    fast.does(overloaded)
    let letGo = (): void => undefined
    slow.does(() => new Promise<void>((resolve) => (letGo = resolve)))
    const calls = [both.who(undefined, { retries: 0 }), both.who(undefined, { retries: 1 })]
    await until(() => slow.begun() > 0 && fast.begun() > 0)
    slow.does(() => undefined)
    letGo()
    expect((await Promise.allSettled(calls)).at(1)).toMatchObject({ value: 'slow' })
  })
})

describe('the circuit breaker of a server', () => {
  const breaker = { failures: 3, resetMs: 200 }
  const stateOf = (client: ReturnType<typeof clientOf>) => client.state.servers[0]?.breaker

  it('opens after so many failures in a row: calls fail with CIRCUIT_OPEN at once, until one probe is answered', async () => {
    const a = await openNamed('a')
    a.does(overloaded)
    const client = clientOf([a], { breaker, retries: 0, waitForServerMs: 60_000 })
    for (const _ of range(3)) await expect(client.who()).rejects.toMatchObject({ code: 'OVERLOADED' })
    expect(stateOf(client)).toBe('open')
    await expect(client.who()).rejects.toMatchObject({ code: 'CIRCUIT_OPEN', retryable: true, notRun: true })
    expect(a.begun()).toBe(3)
    await until(() => stateOf(client) === 'half_open')
    let letGo = (): void => undefined
    a.does(() => new Promise<void>((resolve) => (letGo = resolve)))
    const probe = client.who()
    await until(() => a.begun() === 4)
    await expect(client.who()).rejects.toMatchObject({ code: 'CIRCUIT_OPEN' })
    a.does(() => undefined)
    letGo()
    expect(await probe).toBe('a')
    expect(stateOf(client)).toBe('closed')
    expect(await client.who()).toBe('a')
  })

  it('stays open when its probe fails', async () => {
    const a = await openNamed('a')
    a.does(overloaded)
    const client = clientOf([a], { breaker, retries: 0 })
    for (const _ of range(3)) await expect(client.who()).rejects.toMatchObject({ code: 'OVERLOADED' })
    await until(() => stateOf(client) === 'half_open')
    await expect(client.who()).rejects.toMatchObject({ code: 'OVERLOADED' })
    expect(stateOf(client)).toBe('open')
  })

  it('tries another probe when one is given up', async () => {
    const a = await openNamed('a')
    a.does(overloaded)
    const client = clientOf([a], { breaker, retries: 0 })
    for (const _ of range(3)) await expect(client.who()).rejects.toMatchObject({ code: 'OVERLOADED' })
    await until(() => stateOf(client) === 'half_open')
    a.does(untilAborted)
    const aborter = new AbortController()
    const probe = client.who(undefined, { signal: aborter.signal })
    await until(() => a.begun() === 4)
    aborter.abort()
    await expect(probe).rejects.toMatchObject({ code: 'ABORTED' })
    await until(() => stateOf(client) === 'half_open')
    a.does(() => undefined)
    expect(await client.who()).toBe('a')
  })

  it('opens by calls whose time is over, and leaves the calls to the other server', async () => {
    const [a, b] = [await openNamed('a'), await openNamed('b')]
    a.does(untilAborted)
    const client = clientOf([a, b], { breaker: { failures: 3, resetMs: 60_000 }, balance: 'round_robin', retries: 0 })
    await until(() => client.state.servers.every(({ state }) => state === 'open'))
    await Promise.allSettled(range(6).map(() => client.who(undefined, { timeoutMs: 100 })))
    expect(client.state.servers.map((server) => server.breaker)).toEqual(['open', 'closed'])
    expect(await Promise.all(range(6).map(() => client.who()))).toEqual(range(6).map(() => 'b'))
  })

  it('does not open by failures that are not those of the server', async () => {
    const a = await openNamed('a')
    a.does(() => {
      throw new Error('as it does')
    })
    const client = clientOf([a], { breaker, retries: 0 })
    for (const _ of range(6)) await expect(client.who()).rejects.toMatchObject({ code: 'CALL_FAILED' })
    expect(stateOf(client)).toBe('closed')
  })
})
