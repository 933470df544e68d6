/**
 * What one client may have of its service: no more, and the others are served.
 */
import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { connect, contract, type Handlers, procedure, serve } from '@troupe/actors/rpc'
import { Certificate } from '@troupe/core'
import { ZMQDealer } from '@troupe/dealer-router'
import { anyEndpoint } from '@troupe/testing'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { decodeFrame, encodeFrame } from '../../dist/rpc/wire.js'
import { keptLog } from '../kept-log.js'
import { clientOf, openDesk } from './open-desk.js'
import { closing, collect, newTag, openClient, openKitchen, range, track, until } from './open-service.js'
import { CALL, CANCEL, ERROR, HELLO, ITEM, openPeer, REPLY, WELCOME } from './raw-peer.js'

const OVERLOADED = { code: 'OVERLOADED', retryable: true }

it('maxConnections: no more clients are let in, until one goes', async () => {
  const service = await openKitchen({ maxConnections: 2, handshakeTimeoutMs: 100 })
  const [one, two] = [openClient(service), openClient(service)]
  await Promise.all([one.ready(), two.ready()])
  const three = openClient(service, { waitForServerMs: 60_000, timeoutMs: 0 })
  const late = three.echo('late')
  await until(() => service.stats.denied > 0)
  expect([await one.echo(1), await two.echo(2), service.stats.sessions]).toEqual([1, 2, 2])
  await two.close()
  expect(await late).toBe('late')
})

it.each([
  ['a secured service', { security: { certificate: Certificate.generate(), trust: 'anyone' } }],
  ['any other', {}],
])('handshakeTimeoutMs: who connects and says nothing is cut off, by %s', async (_, options) => {
  const service = await openKitchen({ ...options, handshakeTimeoutMs: 50 })
  const silent = connectTcp(Number(new URL(service.endpoint).port), '127.0.0.1')
  silent.resume()
  const [hadError] = await once(silent, 'close')
  expect([hadError, service.stats.sessions]).toEqual([false, 0])
})

it('nothing is kept of clients that shake hands and say no more', async () => {
  const service = await openKitchen()
  const silent = range(50).map(() =>
    closing(new ZMQDealer(service.endpoint, { codec: 'frames', lingerMs: 0 }), (dealer) => dealer.close()),
  )
  await Promise.all(silent.map((dealer) => dealer.ready()))
  expect(await openClient(service).echo(1)).toBe(1)
  expect(service.stats).toMatchObject({ sessions: 1, violations: 0 })
})

it('maxCallsPerClient: one more of that client fails with OVERLOADED at once, and the others are served', async () => {
  const { service, began, release } = await openDesk({ maxCallsPerClient: 3 })
  const [greedy, other] = [clientOf([service], { retries: 0 }), clientOf([service])]
  const held = range(3).map((n) => greedy.hold(n))
  await until(() => began.length === 3)
  await expect(greedy.quick(4)).rejects.toMatchObject({ ...OVERLOADED, notRun: true })
  await expect(greedy.quick(4)).rejects.toThrow('maxCallsPerClient')
  expect([await other.quick(5), service.stats.overloaded]).toEqual([5, 2])
  release(0)
  await held[0]
  expect(await greedy.quick(6)).toBe(6)
  range(3).forEach(release)
  await Promise.all(held)
})

it('maxCallsPerClient: a call that was given up counts until its handler ends', async () => {
  const { service, began, release } = await openDesk({ maxCallsPerClient: 2 })
  const client = clientOf([service], { retries: 0 })
  for (const n of range(2)) {
    const controller = new AbortController()
    const held = client.deaf(n, { signal: controller.signal }).catch(({ code }) => code)
    await until(() => began.length === n + 1)
    controller.abort()
    expect(await held).toBe('ABORTED')
  }
  await until(() => service.stats.cancelled === 2)
  await expect(client.quick(4)).rejects.toMatchObject(OVERLOADED)
  release(0)
  await until(() => service.stats.running === 1)
  expect(await client.quick(5)).toBe(5)
  release(1)
})

it('maxCallsPerClient: by default one client alone does not fill the queue', async () => {
  const { service, release } = await openDesk()
  const [greedy, other] = [clientOf([service], { retries: 0 }), clientOf([service])]
  const held = range(8_000).map((n) => greedy.hold(n).catch(({ code }: { code: string }) => code))
  await until(() => service.stats.overloaded > 0)
  const others = other.hold(9_000)
  await until(() => service.stats.running + service.stats.queued === 4_097)
  for (let done = false; !done; ) {
    for (const n of range(9_001)) release(n)
    done = service.stats.running === 0
    await new Promise(setImmediate)
  }
  expect(await others).toBe(9_000)
  expect((await Promise.all(held)).filter((end) => end === 'OVERLOADED')).toHaveLength(8_000 - 4_096)
})

it('maxStreamsPerClient: one more stream of that client fails with OVERLOADED, its other calls and others do not', async () => {
  const service = await openKitchen({ maxStreamsPerClient: 2 })
  const [greedy, other] = [openClient(service, { retries: 0 }), openClient(service)]
  const open = range(2).map(() => greedy.count({ to: 1, last: 'wait' }))
  for (const stream of open) expect(await stream.next()).toEqual({ done: false, value: 0 })
  await expect(collect(greedy.count({ to: 1 }))).rejects.toMatchObject({ ...OVERLOADED, notRun: true })
  await expect(greedy.sum({}, [1])).rejects.toThrow('maxStreamsPerClient')
  expect([await greedy.echo(1), await collect(other.count({ to: 2 }))]).toEqual([1, [0, 1]])
  await open[0]!.return?.()
  await until(() => service.stats.cancelled === 1)
  expect(await collect(greedy.count({ to: 2 }))).toEqual([0, 1])
})

it('maxHeldBytesPerClient: a call that is too much to hold fails with OVERLOADED, until others are answered', async () => {
  const service = await openKitchen({ maxHeldBytesPerClient: 100_000 })
  const [greedy, other] = [openClient(service, { retries: 0 }), openClient(service)]
  const tag = newTag()
  const large = `${tag}${'x'.repeat(60_000)}`
  const controller = new AbortController()
  const held = greedy.wait({ tag: large }, { signal: controller.signal }).catch(({ code }) => code)
  await until(async () => (await other.seen(large)).began)
  await expect(greedy.echo('y'.repeat(60_000))).rejects.toMatchObject({ ...OVERLOADED, notRun: true })
  await expect(greedy.echo('y'.repeat(60_000))).rejects.toThrow('maxHeldBytesPerClient')
  expect(await greedy.echo('small')).toBe('small')
  expect(await other.echo('y'.repeat(60_000))).toHaveLength(60_000)
  controller.abort()
  expect(await held).toBe('ABORTED')
  await until(() => service.stats.running === 0)
  for (const n of range(20))
    expect(await greedy.echo(`${n}${'y'.repeat(60_000)}`), `${n}`).toHaveLength(60_001 + (n > 9 ? 1 : 0))
})

it('maxHeldBytesPerClient: what is large counts as that, though much that is small came with it', async () => {
  const { service, release } = await openDesk({ maxHeldBytesPerClient: 100_000 })
  const peer = openPeer(service.endpoint)
  const pings = range(60).map((n) => [10, n])
  await peer.say([HELLO, 1, 'desk'], [CALL, 1, 'hold', null, { metadata: { x: 'x'.repeat(90_000) } }, 1], ...pings)
  expect((await peer.hear())[0]).toMatchObject([WELCOME, 1, {}])
  const call = [CALL, 2, 'quick', null, { metadata: { x: 'x'.repeat(20_000) } }, 2]
  await peer.say(call)
  expect(await peer.hear()).toMatchObject([[ERROR, 2, { ...OVERLOADED, notRun: true }]])
  release(1)
  expect(await peer.hear()).toEqual([[REPLY, 1, 1]])
  await peer.say(call.with(1, 3))
  expect(await peer.hear()).toEqual([[REPLY, 3, 2]])
})

it('maxHeldBytesPerClient: what a call was sent that is given up counts until its handler ends', async () => {
  const { service, began, release } = await openDesk({ maxHeldBytesPerClient: 100_000 })
  const peer = openPeer(service.endpoint)
  const call = (id: number, procedure: string) => [
    ...[CALL, id, procedure, null],
    ...[{ metadata: { x: 'x'.repeat(60_000) } }, id],
  ]
  await peer.say([HELLO, 1, 'desk'], call(1, 'deaf'))
  expect(await peer.hear()).toMatchObject([[WELCOME, 1, {}]])
  await until(() => began.length === 1)
  await peer.say([CANCEL, 1])
  await until(() => service.stats.cancelled === 1)
  await peer.say(call(2, 'quick'))
  expect(await peer.hear()).toMatchObject([[ERROR, 2, OVERLOADED]])
  release(1)
  await until(() => service.stats.running === 0)
  await peer.say(call(3, 'quick'))
  expect(await peer.hear()).toEqual([[REPLY, 3, 3]])
})

it('a call whose stream breaks its schema is over for its service, though it waits to send, and what came of it is let go', async () => {
  const numbers = { in: z.number(), out: z.number() }
  const doubling = contract('doubling', {
    procedures: {
      double: procedure({ stream: numbers }),
      one: procedure({ input: z.number(), output: z.number() }),
    },
  })
  const handlers: Handlers<typeof doubling> = {
    async *double(_, given) {
      for await (const n of given) yield 2 * n
    },
    one: (n) => n,
  }
  const service = track(await serve(doubling, handlers, { endpoint: anyEndpoint('tcp'), concurrency: 2 }))
  const peer = openPeer(service.endpoint)
  const calls = range(2).flatMap((n) => [
    [CALL, n + 1, 'double'],
    [ITEM, n + 1, 1],
  ])
  await peer.say([HELLO, 1, 'doubling'], ...calls)
  await until(() => service.stats.running === 2)
  await peer.say([ITEM, 1, 'bad'], [ITEM, 2, 'bad'])
  await until(() => service.stats.failed === 2 && service.stats.running === 0)
  const client = closing(connect(doubling, { endpoints: [service.endpoint] }), (one) => one.close())
  expect(await client.one(5)).toBe(5)
})

it('a small binary value does not keep the frame alive in which it came with others', () => {
  const call = (bytes: number) => [CALL, 1, 'store', null, null, Buffer.alloc(bytes)] as const
  const inputs = (...items: readonly (readonly [number, ...unknown[]])[]) =>
    decodeFrame(encodeFrame(1, items, 'msgpack'))!.items.map((item) => item[5] as Uint8Array)
  expect(inputs(call(10), call(100_000)).map(({ buffer }) => buffer.byteLength)).toEqual([10, 100_000])
  // Nothing else came with it: it need not be copied.
  expect(inputs(call(100_000))[0]!.buffer.byteLength).toBeGreaterThan(100_000)
})

it('maxHeldBytesPerClient: items that nobody reads end their call with OVERLOADED, and those that are read do not', async () => {
  const service = await openKitchen({ maxHeldBytesPerClient: 100_000, window: 64 })
  const peer = openPeer(service.endpoint)
  const tag = newTag()
  const item = [7, 1, 1, 'x'.repeat(10_000)]
  await peer.say([HELLO, 1, 'kitchen'], [CALL, 1, 'sum', null, null, { tag, pauseAt: 0 }])
  expect(await peer.hear()).toMatchObject([[WELCOME, 1, {}]])
  for (const _ of range(11)) await peer.say(item)
  expect(await peer.hear()).toMatchObject([[6, 1, { ...OVERLOADED, notRun: false }]])
  await peer.say([CALL, 2, 'sum', null, null, {}])
  // As fast as they are read: a hundred of them are ten times as large as what may be held.
  let credit = 64
  for (let n = 0; n < 100; n++, credit--) {
    if (credit === 32) for (const [, , count] of await peer.hear()) credit += count as number
    await peer.say([7, 2, 1, 'x'.repeat(1_000)])
  }
  await peer.say([8, 2])
  await expect.poll(async () => (await peer.hear()).at(-1)).toEqual([5, 2, 1_000])
  expect(await openClient(service).echo(1)).toBe(1)
})

it('who sends garbage before HELLO is told so a while, then is heard no more until it keeps quiet', async () => {
  const { log, warnings } = keptLog()
  const service = await openKitchen({ heartbeatMs: 50, livenessMs: 60_000, log })
  const client = openClient(service)
  const peer = closing(new ZMQDealer(service.endpoint, { codec: 'frames', lingerMs: 0 }), (dealer) => dealer.close())
  for (const _ of range(3_000)) await peer.send([Buffer.from('garbage')])
  await until(() => service.stats.violations === 3_000)
  expect(await client.echo('still served')).toBe('still served')
  // What was answered, and then what is said when it has kept quiet.
  const hello = Buffer.from(JSON.stringify([1, [HELLO, 1, 'kitchen']]))
  let told = 0
  let isWelcome = false
  const hear = async () => {
    for await (const [frame] of peer) {
      if (String(frame).includes('NO_SESSION')) told++
      else isWelcome = true
    }
  }
  void hear()
  // Each try is heard, and keeps it from being quiet: they are rarer than heartbeats.
  const tried = async () => {
    if (!isWelcome) await peer.send([hello])
    return isWelcome
  }
  await expect.poll(tried, { timeout: 30_000, interval: 200 }).toBe(true)
  expect(told).toBe(256)
  expect(service.stats.sessions).toBe(2)
  expect(warnings.length).toBeLessThan(200)
})
