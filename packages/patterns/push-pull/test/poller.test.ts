import { getEventListeners } from 'node:events'
import { ZMQPoller } from '@troupe/core'
import { ZMQPull, ZMQPush } from '@troupe/push-pull'
import { anyEndpoint, numbers, TRANSPORTS } from '@troupe/testing'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { z } from 'zod'

describe.each(TRANSPORTS)('a poller over %s', (transport) => {
  /** Two pulls and what is sent to them. */
  const two = async () => {
    const [one, other] = [new ZMQPull(anyEndpoint(transport)), new ZMQPull(anyEndpoint(transport))]
    const [toOne, toOther] = [new ZMQPush(await one.endpoint()), new ZMQPush(await other.endpoint())]
    const poller = new ZMQPoller(one, other)
    const close = () => Promise.all([one, other, toOne, toOther].map((socket) => socket.close()))
    return { one, other, toOne, toOther, poller, [Symbol.asyncDispose]: async () => void (await close()) }
  }

  it('resolves with the socket that has a message, and leaves the message to its next receive', async () => {
    await using both = await two()
    const { one, other, toOne, toOther, poller } = both
    const waiting = poller.wait()
    await toOther.send('a')
    expect(await waiting).toBe(other)
    // It was not taken yet.
    expect(await poller.wait()).toBe(other)
    expect(await other.receive({ timeoutMs: 1_000 })).toBe('a')
    await toOne.send('b')
    expect(await poller.wait(5_000)).toBe(one)
    expect(await one.receive()).toBe('b')
  })

  it('resolves with nothing when the time has passed, and with what comes after that', async () => {
    await using both = await two()
    const { one, toOne, poller } = both
    const startMs = performance.now()
    expect(await poller.wait(60)).toBeUndefined()
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(55)
    await toOne.send('late')
    expect(await poller.wait(5_000)).toBe(one)
    expect(await one.receive()).toBe('late')
    expect(await poller.wait(20)).toBeUndefined()
  })

  it('with 0 looks once: it finds what is there, and does not wait for what is not', async () => {
    await using both = await two()
    const { one, other, toOne, toOther, poller } = both
    expect(await poller.wait(0)).toBeUndefined()
    await Promise.all([toOne.send('a'), toOther.send('b')])
    // Each message once, however often it looks.
    const found: unknown[] = []
    while (found.length < 2) {
      const ready = await poller.wait(0)
      if (ready === undefined) await new Promise(setImmediate)
      else found.push(await ready.receive())
    }
    expect(found.sort()).toEqual(['a', 'b'])
    expect(await poller.wait(0)).toBeUndefined()
    expect([one.stats.received, other.stats.received]).toEqual([1, 1])
  })

  it('looks first at the socket after the last that was ready: one that is flooded does not starve the other', async () => {
    await using both = await two()
    const { one, other, toOne, toOther, poller } = both
    const flood = Promise.all(numbers(400).map((message) => toOne.send(message)))
    const drops = Promise.all(numbers(100).map((message) => toOther.send(message)))
    await Promise.all([flood, drops])
    expect([await one.receive(), await other.receive()]).toEqual(['0', '0'])
    const order: string[] = []
    const heard: Record<string, string[]> = { one: [], other: [] }
    while (order.length < 498) {
      const ready = await poller.wait()
      const name = ready === one ? 'one' : 'other'
      order.push(name)
      heard[name]!.push(await ready!.receive())
    }
    expect(heard).toEqual({ one: numbers(399, 1), other: numbers(99, 1) })
    // In turn, except where a message was still on its way here, for which the flood leaves time.
    expect(order.lastIndexOf('other')).toBeLessThan(350)
  })

  it('names two that both have a message in turn, though neither is received', async () => {
    await using both = await two()
    const { one, other, toOne, toOther, poller } = both
    await Promise.all([toOne.send('a'), toOther.send('b')])
    // Each has read one message ahead now.
    for (const socket of [one, other]) expect(await new ZMQPoller(socket).wait()).toBe(socket)
    for (const socket of [one, other, one, other]) expect(await poller.wait()).toBe(socket)
    expect([await one.receive(), await other.receive()]).toEqual(['a', 'b'])
  })

  it('takes no message away, however often a wait gives up while messages come', async () => {
    await using both = await two()
    const { one, toOne, poller } = both
    const sending = (async () => {
      for (const message of numbers(200)) {
        await toOne.send(message)
        await new Promise(setImmediate)
      }
    })()
    const received: string[] = []
    while (received.length < 200) {
      const controller = new AbortController()
      const waiting = poller.wait(undefined, { signal: controller.signal }).catch(() => undefined)
      await new Promise(setImmediate)
      controller.abort()
      if ((await waiting) === one) received.push(await one.receive())
    }
    await sending
    expect(received).toEqual(numbers(200))
  })

  it('serves several waits in their order, each with a message of its own', async () => {
    await using both = await two()
    const { one, toOne, poller } = both
    const settled: number[] = []
    const waits = [0, 1, 2].map(async (index) => {
      const ready = await poller.wait()
      settled.push(index)
      return ready?.receive()
    })
    for (const message of numbers(3)) await toOne.send(message)
    expect(await Promise.all(waits)).toEqual(numbers(3))
    expect(settled).toEqual([0, 1, 2])
    expect(one.stats.received).toBe(3)
  })

  it('tells the next wait of a message that the first has left', async () => {
    await using both = await two()
    const waits = [both.poller.wait(), both.poller.wait(5_000)]
    await both.toOne.send('left')
    for (const wait of waits) expect(await wait).toBe(both.one)
  })

  it('leaves a message to a receive that waited before', async () => {
    await using both = await two()
    const { one, toOne, poller } = both
    const receiving = one.receive()
    const waiting = poller.wait()
    await toOne.send('first')
    expect(await receiving).toBe('first')
    await toOne.send('second')
    expect(await waiting).toBe(one)
    expect(await one.receive()).toBe('second')
  })

  it('removes a socket that is closed, and goes on with the others; with none left it is rejected with CLOSED', async () => {
    await using both = await two()
    const { one, other, toOther, poller } = both
    const waiting = poller.wait()
    await one.close()
    await toOther.send('still here')
    expect(await waiting).toBe(other)
    expect(await other.receive()).toBe('still here')
    const last = expect(poller.wait()).rejects.toMatchObject({ code: 'CLOSED' })
    await other.close()
    await last
    await expect(poller.wait(0)).rejects.toMatchObject({ code: 'CLOSED' })
    await expect(poller.wait(50)).rejects.toMatchObject({ code: 'CLOSED' })
  })
})

it('may be given a socket while somebody waits, and one may be taken away', async () => {
  await using pull = new ZMQPull('inproc://added')
  await using push = new ZMQPush('inproc://added')
  await using quiet = new ZMQPull('inproc://quiet')
  const poller = new ZMQPoller(quiet)
  const waiting = poller.wait()
  poller.add(pull)
  poller.add(pull)
  await push.send('a')
  expect(await waiting).toBe(pull)
  poller.remove(pull)
  expect(await poller.wait(50)).toBeUndefined()
  expect(await pull.receive()).toBe('a')
  const last = expect(poller.wait()).rejects.toMatchObject({ code: 'CLOSED' })
  poller.remove(quiet)
  await last
})

it('is aborted before and during a wait, and leaves no listener', async () => {
  await using pull = new ZMQPull('inproc://abort-poll')
  const poller = new ZMQPoller(pull)
  await expect(poller.wait(100, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' })
  const controller = new AbortController()
  const waiting = expect(poller.wait(undefined, controller)).rejects.toMatchObject({ code: 'ABORTED' })
  controller.abort()
  await waiting
  expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0)
  expect(await poller.wait(0, { signal: new AbortController().signal })).toBeUndefined()
  await expect(poller.wait(-1)).rejects.toMatchObject({ code: 'INVALID_OPTIONS' })
})

it('is rejected with what a socket of it failed to open with, and goes on without that', async () => {
  await using first = new ZMQPull('inproc://poll-taken')
  await first.ready()
  await using second = new ZMQPull('inproc://poll-taken')
  const poller = new ZMQPoller(first, second)
  await expect(poller.wait()).rejects.toMatchObject({ code: 'ENDPOINT_IN_USE' })
  await using push = new ZMQPush('inproc://poll-taken')
  await push.send('x')
  expect(await poller.wait()).toBe(first)
})

it('is ready with a message that its receive will throw, and not with one that is skipped', async () => {
  const schema = z.object({ id: z.number() })
  await using throws = new ZMQPull('inproc://throws', { schema, onInvalid: 'throw' })
  await using skips = new ZMQPull('inproc://skips', { schema })
  await using push = new ZMQPush('inproc://skips')
  const poller = new ZMQPoller(throws, skips)
  await push.send('{')
  expect(await poller.wait(80)).toBeUndefined()
  await push.disconnect('inproc://skips')
  await push.connect('inproc://throws')
  await push.send('{')
  expect(await poller.wait()).toBe(throws)
  await expect(throws.receive()).rejects.toMatchObject({ code: 'DECODE_FAILED' })
})

it('refuses what does not receive, in types and when it runs', async () => {
  await using push = new ZMQPush()
  const refusal = expect.objectContaining({ code: 'INVALID_OPTIONS' })
  // @ts-expect-error a push does not receive
  expect(() => new ZMQPoller(push)).toThrow(refusal)
  await expect(new ZMQPoller().wait()).rejects.toMatchObject({ code: 'CLOSED' })
})

it('knows by its type which socket was ready', async () => {
  await using json = new ZMQPull('inproc://typed-json', { schema: z.object({ id: z.number() }) })
  await using bytes = new ZMQPull('inproc://typed-bytes', { codec: 'bytes' })
  await using push = new ZMQPush('inproc://typed-bytes')
  await push.send('x')
  const ready = await new ZMQPoller(json, bytes).wait()
  const ofBytes = () => (ready === bytes ? ready.receive() : undefined)
  const ofJson = () => (ready === json ? ready.receive() : undefined)
  expectTypeOf(ofBytes).returns.toEqualTypeOf<Promise<Uint8Array> | undefined>()
  expectTypeOf(ofJson).returns.toEqualTypeOf<Promise<{ id: number }> | undefined>()
  expect([ofJson(), String(await ofBytes())]).toEqual([undefined, 'x'])
})
