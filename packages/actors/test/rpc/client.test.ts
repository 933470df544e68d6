/**
 * Which servers a client has, which gets a call, and how a client ends.
 */
import type { ClientState } from '@troupe/actors/rpc'
import { TroupeError } from '@troupe/core'
import { freeAddress, TRANSPORTS } from '@troupe/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { clientOf, type NamedClient, type NamedServer, openNamed, untilAborted } from './open-named.js'
import { range, until } from './open-service.js'

const openThree = () => Promise.all(['a', 'b', 'c'].map((name) => openNamed(name)))
const allOpen = (client: NamedClient, count = 3) =>
  until(() => client.state.servers.filter(({ state }) => state === 'open').length === count)

function countOf(names: readonly string[]) {
  const counts: Record<string, number> = {}
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1
  return counts
}

/** Lists of endpoints that are told over time. */
function registry(first: readonly NamedServer[]) {
  const endpointsOf = (servers: readonly NamedServer[]) => servers.map(({ service }) => service.endpoint)
  const lists = [endpointsOf(first)]
  let wake = (): void => undefined
  let isReturned = false
  async function* source() {
    try {
      for (;;) {
        for (let next = lists.shift(); next !== undefined; next = lists.shift()) yield next
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    } finally {
      isReturned = true
    }
  }
  const tell = (servers: readonly (NamedServer | string)[]) => {
    lists.push(servers.map((server) => (typeof server === 'string' ? server : server.service.endpoint)))
    wake()
  }
  return { endpoints: source(), tell, isReturned: () => isReturned }
}

describe('a client of three servers', () => {
  it('calls each in turn with round_robin', async () => {
    const client = clientOf(await openThree(), { balance: 'round_robin' })
    await allOpen(client)
    const names: string[] = []
    for (const _ of range(9)) names.push(await client.who())
    expect(countOf(names)).toEqual({ a: 3, b: 3, c: 3 })
    expect(names.slice(0, 3)).toEqual(names.slice(3, 6))
  })

  it('spreads calls that last by how many each has', async () => {
    const servers = await openThree()
    for (const server of servers) server.does(untilAborted)
    const client = clientOf(servers)
    await allOpen(client)
    const aborter = new AbortController()
    const warnings: string[] = []
    const warned = ({ name }: Error) => warnings.push(name)
    process.on('warning', warned)
    onTestFinished(() => void process.off('warning', warned))
    const calls = range(90).map(() => client.who(undefined, { signal: aborter.signal, timeoutMs: 0 }))
    await until(() => servers.reduce((sum, server) => sum + server.begun(), 0) === 90)
    for (const server of servers) expect(Math.abs(server.begun() - 30)).toBeLessThanOrEqual(4)
    aborter.abort()
    await Promise.allSettled(calls)
    // One signal is for all of them, which is no leak.
    expect(warnings).toEqual([])
  })

  it('gives calls of one key to one server, and those of many keys to all', async () => {
    const client = clientOf(await openThree())
    await allOpen(client)
    const whoHas = (key: string) => client.who(undefined, { key })
    for (const key of ['ann', 'bob', 'cy']) {
      expect(new Set(await Promise.all(range(10).map(() => whoHas(key)))).size).toBe(1)
    }
    expect(Object.keys(countOf(await Promise.all(range(60).map((n) => whoHas(`key-${n}`))))).length).toBe(3)
  })

  it('moves the keys of a server that goes, and no others', async () => {
    const servers = await openThree()
    const client = clientOf(servers)
    await allOpen(client)
    const whoHasAll = () => Promise.all(range(60).map((n) => client.who(undefined, { key: `key-${n}` })))
    const before = await whoHasAll()
    await servers[1]!.service.stop()
    await allOpen(client, 2)
    const after = await whoHasAll()
    expect(after).not.toContain('b')
    expect(after.filter((name, index) => before[index] !== 'b' && name !== before[index])).toEqual([])
  })
})

describe('endpoints that come over time', () => {
  it('are called when they are added, and not when they are removed', async () => {
    const [a, b] = [await openNamed('a'), await openNamed('b')]
    const { endpoints, tell } = registry([a])
    const client = clientOf(endpoints, { balance: 'round_robin' })
    expect(await client.who()).toBe('a')
    tell([a, b])
    await allOpen(client, 2)
    expect(countOf([await client.who(), await client.who()])).toEqual({ a: 1, b: 1 })
    tell([b])
    await allOpen(client, 1)
    expect(countOf([await client.who(), await client.who()])).toEqual({ b: 2 })
    await until(() => a.service.stats.sessions === 0)
  })

  it('that cannot be read leave those before them in force, and those that come later count', async () => {
    const [a, b] = [await openNamed('a'), await openNamed('b')]
    const { endpoints, tell } = registry([a])
    const client = clientOf(endpoints)
    tell(['tcp//nowhere', b])
    expect(await client.who()).toBe('a')
    tell([b])
    await until(() => client.state.servers[0]?.endpoint === b.service.endpoint)
    expect(await client.who()).toBe('b')
  })

  it('let the calls that are under way end well when they are removed', async () => {
    const [a, b] = [await openNamed('a'), await openNamed('b')]
    let letGo = (): void => undefined
    a.does(() => new Promise<void>((resolve) => (letGo = resolve)))
    const { endpoints, tell } = registry([a])
    const client = clientOf(endpoints)
    const held = client.only()
    await until(() => a.begun() === 1)
    tell([b])
    await until(() => client.state.servers[0]?.endpoint === b.service.endpoint)
    expect(await client.only()).toBe('b')
    letGo()
    expect(await held).toBe('a')
    await until(() => a.service.stats.sessions === 0)
  })

  it('that were removed are closed with the client, and their calls fail with CLOSED', async () => {
    const [a, b] = [await openNamed('a'), await openNamed('b')]
    a.does(untilAborted)
    const { endpoints, tell, isReturned } = registry([a])
    const client = clientOf(endpoints)
    const held = client.only(undefined, { timeoutMs: 0 })
    await until(() => a.begun() === 1)
    tell([b])
    await until(() => client.state.servers[0]?.endpoint === b.service.endpoint)
    expect(await client.only()).toBe('b')
    await Promise.all([client.close(), expect(held).rejects.toMatchObject({ code: 'CLOSED' })])
    tell([b])
    await until(() => a.service.stats.cancelled === 1 && isReturned())
  })

  it('are kept when no more of them come', async () => {
    const a = await openNamed('a')
    async function* once() {
      yield [a.service.endpoint]
    }
    const client = clientOf(once())
    expect([await client.who(), await client.who()]).toEqual(['a', 'a'])
  })
})

describe('a client without a server', () => {
  it('fails a call with UNAVAILABLE after waitForServerMs, and says what is wrong', async () => {
    const endpoint = await freeAddress('tcp')
    const client = clientOf([endpoint], { waitForServerMs: 50 })
    const message = `call named.who: no server takes it (${endpoint}: it does not answer)`
    await expect(client.who()).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true, notRun: true, message })
    expect(client.state).toMatchObject({ status: 'connecting', pending: 0, waiting: 0 })
  })

  it('says so too when the time of a call is over before that', async () => {
    const endpoint = await freeAddress('tcp')
    const call = clientOf([endpoint]).who(undefined, { timeoutMs: 50 })
    const message = `call named.who took longer than 50 ms: no server takes it (${endpoint}: it does not answer)`
    await expect(call).rejects.toMatchObject({ code: 'TIMEOUT', message })
  })

  it.each(TRANSPORTS)('makes the calls that wait when a server comes, over %s', async (transport) => {
    const endpoint = await freeAddress(transport)
    const client = clientOf([endpoint], { waitForServerMs: 10_000, reconnect: { minMs: 10, maxMs: 50 } })
    const calls = [client.who(), client.only()]
    expect(client.state).toMatchObject({ status: 'connecting', pending: 2, waiting: 2 })
    await openNamed('late', { endpoint })
    expect(await Promise.all(calls)).toEqual(['late', 'late'])
  })

  it.each([
    ['endpoints', { endpoints: [] }, 'INVALID_OPTIONS'],
    ['tcp//nowhere', { endpoints: ['tcp//nowhere'] }, 'INVALID_ENDPOINT'],
    ['timeoutMs', { timeoutMs: -1 }, 'INVALID_OPTIONS'],
    ['balance', { balance: 'best' }, 'INVALID_OPTIONS'],
    ['retry', { retry: 1 }, 'INVALID_OPTIONS'],
  ])('refuses the option %s out of range, by its name', (text, options, code) => {
    const connecting = () => clientOf(['tcp://127.0.0.1:1'], options as never)
    expect(connecting).toThrow(expect.objectContaining({ code }))
    expect(connecting).toThrow(text)
  })

  it('refuses options of a call that cannot be', async () => {
    const client = clientOf([await openNamed('a')])
    await expect(client.who(1, { timeoutMs: -1 })).rejects.toMatchObject({ code: 'INVALID_OPTIONS' })
    await expect(client.who(1, { time: 1 } as never)).rejects.toThrow('time')
    expect(client.state.pending).toBe(0)
  })
})

describe('the state of a client', () => {
  it('tells of each server, and is told to those that subscribe', async () => {
    const a = await openNamed('a')
    const client = clientOf([a])
    const states: ClientState[] = []
    const end = client.subscribe((state) => states.push(state))
    await client.ready()
    expect(states.map(({ status }) => status)).toContain('ready')
    expect(client.state).toMatchObject({
      ...{ status: 'ready', pending: 0, waiting: 0 },
      servers: [
        { ...{ endpoint: a.service.endpoint, state: 'open', breaker: 'closed', pending: 0, error: undefined } },
      ],
    })
    expect(client.state.servers[0]?.instance).toBe(a.service.health.instance)
    await a.service.stop()
    await until(() => states.at(-1)?.status === 'connecting')
    expect(states.map(({ servers }) => servers[0]?.error?.code)).toContain('UNAVAILABLE')
    end()
    const { length } = states
    await client.close()
    expect(states.length).toBe(length)
    expect(client.state.status).toBe('closed')
  })

  it('is ready when a server is, not before, and never when the client is closed', async () => {
    const endpoint = await freeAddress('tcp')
    const client = clientOf([endpoint], { reconnect: { minMs: 10, maxMs: 50 } })
    await expect(client.ready({ timeoutMs: 30 })).rejects.toMatchObject({ code: 'TIMEOUT' })
    await expect(client.ready({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' })
    const ready = client.ready()
    await openNamed('a', { endpoint })
    await ready
    await client.ready({ timeoutMs: 1 })
    const other = clientOf([await freeAddress('tcp')])
    await Promise.all([expect(other.ready()).rejects.toMatchObject({ code: 'CLOSED' }), other.close()])
  })
})

describe('a client that is closed', () => {
  it('fails what is under way with CLOSED, and aborts its handlers', async () => {
    const a = await openNamed('a')
    a.does(untilAborted)
    const client = clientOf([a])
    const held = client.only(undefined, { timeoutMs: 0 })
    const items = client.items()
    expect(await items.next()).toEqual({ done: false, value: 'a' })
    await until(() => a.begun() === 2)
    const ends = Promise.allSettled([held, items.next()])
    await client.close()
    expect(await ends).toMatchObject([{ reason: { code: 'CLOSED' } }, { reason: { code: 'CLOSED' } }])
    await until(() => a.service.stats.cancelled === 2 && a.service.stats.running === 0)
    expect(a.service.stats.sessions).toBe(0)
  })

  it('fails what waits for a server, and what comes after, with CLOSED', async () => {
    const client = clientOf([await freeAddress('tcp')])
    const waiting = client.who().catch((error: TroupeError) => error)
    await Promise.all([client.close(), client.close()])
    expect(await waiting).toBeInstanceOf(TroupeError)
    expect(await waiting).toMatchObject({ code: 'CLOSED' })
    await expect(client.who()).rejects.toMatchObject({ code: 'CLOSED' })
    await expect(client.items().next()).rejects.toMatchObject({ code: 'CLOSED' })
  })
})

describe('a client with as many calls as it may have', () => {
  it('refuses one more with QUEUE_FULL, and takes it when one has ended', async () => {
    const a = await openNamed('a')
    a.does(untilAborted)
    const client = clientOf([a], { maxPending: 2 })
    const aborter = new AbortController()
    const held = range(2).map(() => client.only(undefined, { signal: aborter.signal }))
    await expect(client.only()).rejects.toMatchObject({ code: 'QUEUE_FULL', retryable: true })
    aborter.abort()
    await Promise.allSettled(held)
    a.does(() => undefined)
    expect(await client.only()).toBe('a')
  })
})
