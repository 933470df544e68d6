import { getEventListeners } from 'node:events'
import { mkdirSync, rmSync } from 'node:fs'
import { RequestTimeoutError, ZMQReply, ZMQRequest } from '@troupe/request-reply'
import { anyEndpoint, freeAddress, TRANSPORTS, WIRES } from '@troupe/testing'
import { describe, expect, expectTypeOf, it } from 'vitest'
import * as zeromq from 'zeromq'
import { z } from 'zod'
import { conversation, serve } from './conversation.js'

const SOON = { timeoutMs: 200, retries: 10 }

/** A raw router, which sees each request with the routing id of the socket that it comes from. */
async function rawServer(address: string) {
  const router = new zeromq.Router({ linger: 0 })
  await router.bind(address)
  return {
    address: router.lastEndpoint!,
    next: async () => {
      const [id, , body] = await router.receive()
      return { id: id!, body: String(body), answer: (text: string) => router.send([id!, '', text]) }
    },
    [Symbol.dispose]: () => router.close(),
  }
}

describe.each(TRANSPORTS)('a reliable request over %s', (transport) => {
  it('resolves with its reply', async () => {
    await using both = await conversation(transport)
    const { request, reply } = both
    const serving = serve(reply, (text) => `${text}!`)
    expect(await request.request('hello')).toBe('hello!')
    expect(await request.request('again')).toBe('again!')
    await reply.close()
    await serving
    expectTypeOf(request.request).returns.resolves.toEqualTypeOf<string>()
  })

  it('that are made at once are served one after another, in order', async () => {
    await using both = await conversation(transport)
    const { request, reply } = both
    const seen: string[] = []
    const serving = serve(reply, (text) => {
      seen.push(text)
      return `${text}!`
    })
    const words = ['a', 'b', 'c', 'd', 'e']
    expect(await Promise.all(words.map((word) => request.request(word)))).toEqual(words.map((word) => `${word}!`))
    expect(seen).toEqual(words)
    await reply.close()
    await serving
  })

  it('has its time from when its turn has come', async () => {
    await using both = await conversation(transport)
    const { request, reply } = both
    const first = request.request('first', { timeoutMs: 10_000 })
    const second = request.request('second', { timeoutMs: 120, retries: 0 })
    expect(await reply.receive()).toBe('first')
    await new Promise((resolve) => setTimeout(resolve, 150))
    await reply.send('to the first')
    expect(await first).toBe('to the first')
    expect(await reply.receive()).toBe('second')
    await reply.send('to the second')
    expect(await second).toBe('to the second')
  })

  it('is sent again when no reply comes in time, and takes the reply to the second', async () => {
    await using both = await conversation(transport)
    const { request, reply } = both
    const asking = request.request('x', SOON)
    expect(await reply.receive()).toBe('x')
    await expect.poll(() => request.stats.sent).toBe(2)
    await reply.send('to the first')
    expect(await reply.receive()).toBe('x')
    await reply.send('to the second')
    expect(await asking).toBe('to the second')
  })

  it('never takes a late reply for that to another request', async () => {
    using server = await rawServer(transport === 'ipc' ? await freeAddress('ipc') : anyEndpoint(transport))
    await using request = new ZMQRequest(server.address, { reconnectIntervalMs: 10 })
    const first = request.request('first', { timeoutMs: 50, retries: 0 })
    const one = await server.next()
    await expect(first).rejects.toMatchObject({ code: 'TIMEOUT', tries: 1 })
    const second = request.request('second', { timeoutMs: 5_000 })
    const two = await server.next()
    expect([one.body, two.body]).toEqual(['first', 'second'])
    expect(two.id.equals(one.id)).toBe(false)
    await one.answer('late, to the first')
    await two.answer('to the second')
    expect(await second).toBe('to the second')
    const third = request.request('third', { timeoutMs: 5_000 })
    const three = await server.next()
    await three.answer('to the third')
    expect(await third).toBe('to the third')
  })

  it('that is aborted never leaves its reply to another', async () => {
    using server = await rawServer(transport === 'ipc' ? await freeAddress('ipc') : anyEndpoint(transport))
    await using request = new ZMQRequest(server.address, { reconnectIntervalMs: 10 })
    const controller = new AbortController()
    const first = request.request('first', { timeoutMs: 5_000, signal: controller.signal })
    const one = await server.next()
    controller.abort(new Error('no longer wanted'))
    await one.answer('to the first')
    await expect(first).rejects.toMatchObject({ name: 'AbortError', code: 'ABORTED', cause: { message: /no longer/ } })
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0)
    // The socket is at once anybody's, also to send and receive by hand.
    expect(await request.send('second')).toBe('sent')
    const two = await server.next()
    await two.answer('to the second')
    expect(await request.receive()).toBe('to the second')
  })

  it('that gets no reply is rejected with TIMEOUT, which says how many tries there were', async () => {
    await using both = await conversation(transport, undefined, { codec: 'frames' })
    const { request, reply } = both
    const begin = performance.now()
    const asking = request.request('x', { timeoutMs: 30, retries: 2 })
    await expect(asking).rejects.toMatchObject({
      name: 'RequestTimeoutError',
      code: 'TIMEOUT',
      message: 'a request on the request socket got no valid reply in 3 tries of 30 ms each',
      tries: 3,
      timeoutMs: 30,
      retryable: true,
    })
    await expect(asking).rejects.toBeInstanceOf(RequestTimeoutError)
    expect(performance.now() - begin).toBeGreaterThan(85)
    expect(request.stats.sent).toBe(3)
    expect(reply.stats.sent).toBe(0)
  })

  it('that nobody is there for is rejected with TIMEOUT too, and the next succeeds when somebody is', async () => {
    const address = await freeAddress(transport)
    await using request = new ZMQRequest(address, { reconnectIntervalMs: 10 })
    await expect(request.request('x', { timeoutMs: 20, retries: 1 })).rejects.toMatchObject({ tries: 2 })
    await using reply = new ZMQReply(address)
    await reply.ready()
    const serving = serve(reply, (text) => `${text}!`)
    expect(await request.request('y', SOON)).toBe('y!')
    await reply.close()
    await serving
  })

  it('of a request that binds is served too, by who connects again', async () => {
    await using request = new ZMQRequest(`@${transport === 'ipc' ? await freeAddress('ipc') : anyEndpoint(transport)}`)
    const address = await request.endpoint()
    await expect(request.request('x', { timeoutMs: 20, retries: 1 })).rejects.toMatchObject({ code: 'TIMEOUT' })
    expect(await request.endpoint()).toBe(address)
    await using reply = new ZMQReply(`>${address}`, { reconnectIntervalMs: 10 })
    const serving = serve(reply, (text) => `${text}!`)
    expect(await request.request('y', { timeoutMs: 5_000 })).toBe('y!')
    await reply.close()
    await serving
  })

  it('is sent again when its reply is garbled, without waiting', async () => {
    await using both = await conversation(transport, { codec: 'json' }, { codec: 'frames' })
    const { request, reply } = both
    const asking = request.request({ n: 1 }, { timeoutMs: 10_000 })
    expect(String(await reply.receive())).toBe('{"n":1}')
    await reply.send(['{"n'])
    expect(String(await reply.receive())).toBe('{"n":1}')
    await reply.send(['{"n":2}'])
    expect(await asking).toEqual({ n: 2 })
    expect(request.stats).toMatchObject({ sent: 2, invalid: 1, denied: 0 })
  })

  it('whose replies are all garbled is rejected with TIMEOUT, caused by what was wrong with the last', async () => {
    await using both = await conversation(transport, { schema: z.number() }, { codec: 'text' })
    const { request, reply } = both
    const serving = serve(reply, () => '"none"')
    const asking = request.request(1, { retries: 1 })
    await expect(asking).rejects.toMatchObject({ code: 'TIMEOUT', tries: 2, cause: { code: 'INVALID_MESSAGE' } })
    await reply.close()
    await serving
  })

  it('is rejected with ABORTED at once, also while it waits for another or for a peer', async () => {
    await using request = new ZMQRequest(`@${anyEndpoint(transport)}`)
    const controller = new AbortController()
    const { signal } = controller
    const [first, second] = [request.request('first', { signal }), request.request('second', { signal })]
    const before = request.request('third', { signal: AbortSignal.abort() })
    await expect(before).rejects.toMatchObject({ code: 'ABORTED' })
    const begin = performance.now()
    controller.abort()
    await expect(second).rejects.toMatchObject({ code: 'ABORTED' })
    await expect(first).rejects.toMatchObject({ code: 'ABORTED' })
    expect(performance.now() - begin).toBeLessThan(1_000)
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
    expect(request.stats.sent).toBe(0)
  })

  it('is rejected with CLOSED when the socket is closed, as are those that wait, and afterwards', async () => {
    await using both = await conversation(transport)
    const { request, reply } = both
    const asking = [request.request('first'), request.request('second')]
    expect(await reply.receive()).toBe('first')
    const closed = { code: 'CLOSED', message: 'the request socket is closed' }
    const outcomes = Promise.all(asking.map((one) => expect(one).rejects.toMatchObject(closed)))
    await request.close()
    await outcomes
    await expect(request.request('third')).rejects.toMatchObject(closed)
  })

  it('is out of order while the reply to a send is due, and sends and receives are while it waits', async () => {
    await using both = await conversation(transport)
    const { request, reply } = both
    await request.send('by hand')
    await expect(request.request('x')).rejects.toMatchObject({ code: 'OUT_OF_ORDER' })
    expect(await reply.receive()).toBe('by hand')
    await reply.send('answer')
    expect(await request.receive()).toBe('answer')
    const asking = request.request('x')
    expect(await request.send('between')).toBe('ignored')
    expect(await request.receive()).toBeUndefined()
    expect(await reply.receive()).toBe('x')
    await reply.send('y')
    expect(await asking).toBe('y')
  })
})

describe.each(WIRES)('a reliable request over %s', (transport) => {
  it('whose endpoint cannot be bound again fails the socket, and says why', async () => {
    const address = await freeAddress('ipc')
    await using request = new ZMQRequest(`@${address}`)
    await request.ready()
    const path = address.replace('ipc://', '')
    rmSync(path)
    mkdirSync(path)
    const cannot = {
      code: 'ENDPOINT_UNAVAILABLE',
      message: `the request socket cannot bind again ${address}: there is a file that is no socket`,
    }
    await expect(request.request('x', { timeoutMs: 20 })).rejects.toMatchObject(cannot)
    await expect(request.send('y')).rejects.toMatchObject(cannot)
    expect(request.state).toBe('failed')
  })

  it('that was tried in vain 200 times does not spoil the next', async () => {
    const address = await freeAddress(transport)
    await using request = new ZMQRequest(address)
    for (let round = 0; round < 50; round++) {
      await expect(request.request('x', { timeoutMs: 1, retries: 3 })).rejects.toMatchObject({ tries: 4 })
    }
    await using reply = new ZMQReply(address)
    await reply.ready()
    const serving = serve(reply, (text) => `${text}!`)
    expect(await request.request('y', { timeoutMs: 500, retries: 10 })).toBe('y!')
    await reply.close()
    await serving
  })
})

it.each([{ timeoutMs: 0 }, { timeoutMs: 2 ** 31 }, { retries: -1 }, { retries: 1.5 }, { signal: {} }, { tries: 2 }])(
  'refuses %j by name',
  async (wrong) => {
    await using both = await conversation('inproc')
    const asking = both.request.request('x', wrong as object)
    await expect(asking).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
      message: expect.stringContaining(Object.keys(wrong)[0]!),
    })
    // It has not taken the turn.
    expect(await both.request.send('x')).toBe('sent')
  },
)

it('a message that cannot be sent is refused at once, and not tried again', async () => {
  await using both = await conversation('inproc', { schema: z.number() })
  const asking = both.request.request('x' as unknown as number)
  await expect(asking).rejects.toMatchObject({ code: 'INVALID_MESSAGE' })
  expect(both.request.stats.sent).toBe(0)
  expect(await both.request.send(1)).toBe('sent')
})
