import { createHash } from 'node:crypto'
import { type ProxyOptions, ZMQProxy } from '@troupe/core'
import { ZMQDealer, ZMQRouter } from '@troupe/dealer-router'
import { anyEndpoint, numbers, TRANSPORTS, take } from '@troupe/testing'
import { describe, expect, it } from 'vitest'
import { Reply, Request } from 'zeromq'
import { fill, firstBytes, large, SMALL, upTo } from './small.js'

const late = { code: 'TIMEOUT' }
const within = { sendTimeout: 5_000, receiveTimeout: 5_000, linger: 0 }

/** A MiB is compared faster so. */
const digests = (parts: readonly Uint8Array[]) => parts.map((part) => createHash('sha256').update(part).digest('hex'))

describe.each(TRANSPORTS)('a proxy over %s', (transport) => {
  /** A broker: a router for clients, a dealer for workers. */
  const broker = async (options: Partial<ProxyOptions> = {}) => {
    const frontend = new ZMQRouter(anyEndpoint(transport))
    const backend = new ZMQDealer(`@${anyEndpoint(transport)}`)
    const [forClients, forWorkers] = [await frontend.endpoint(), await backend.endpoint()]
    const proxy = new ZMQProxy({ frontend, backend, ...options })
    return { frontend, backend, forClients, forWorkers, proxy, [Symbol.asyncDispose]: () => proxy.close() }
  }

  /** A line of work: what comes to the frontend goes to the backend, and back. */
  const line = async () => {
    const frontend = new ZMQDealer(`@${anyEndpoint(transport)}`, SMALL)
    const backend = new ZMQDealer(`@${anyEndpoint(transport)}`, SMALL)
    const [client, worker] = [
      new ZMQDealer(await frontend.endpoint(), SMALL),
      new ZMQDealer(await backend.endpoint(), SMALL),
    ]
    const proxy = new ZMQProxy({ frontend, backend })
    const close = () => Promise.all([proxy, client, worker].map((one) => one.close()))
    return { proxy, client, worker, [Symbol.asyncDispose]: async () => void (await close()) }
  }

  it('between a router and a dealer brings requests to workers and replies to who asked', async () => {
    await using between = await broker()
    // Who is connected first may have more of them.
    let served = 0
    const workers = ['one', 'two'].map((name) => {
      const reply = new Reply({ ...within, receiveTimeout: -1 })
      reply.connect(between.forWorkers)
      const serve = async () => {
        for await (const request of reply) {
          await reply.send(`${name}: ${request.map(String)}`)
          served++
        }
      }
      return { reply, serving: serve() }
    })
    const clients = numbers(4).map(() => new Request(within))
    for (const client of clients) client.connect(between.forClients)
    const answers = await Promise.all(
      clients.map(async (client, index) => {
        const heard: string[] = []
        for (const round of numbers(5)) {
          await client.send(`${index}.${round}`)
          heard.push(String((await client.receive())[0]).replace(/^(one|two): /, ''))
        }
        return heard
      }),
    )
    expect(answers).toEqual(clients.map((_, index) => numbers(5).map((round) => `${index}.${round}`)))
    expect(served).toBe(20)
    expect(between.proxy.stats()).toMatchObject({
      toBackend: { messages: 20, dropped: 0 },
      toFrontend: { messages: 20, dropped: 0 },
    })
    for (const socket of [...clients, ...workers.map(({ reply }) => reply)]) socket.close()
    await Promise.all(workers.map(({ serving }) => serving))
  })

  it('passes messages of several parts on whole, both ways, as they are, and counts their bytes', async () => {
    const frames = { codec: 'frames' } as const
    await using frontend = new ZMQDealer(`@${anyEndpoint(transport)}`)
    await using backend = new ZMQDealer(`@${anyEndpoint(transport)}`)
    await using client = new ZMQDealer(await frontend.endpoint(), frames)
    await using worker = new ZMQDealer(await backend.endpoint(), frames)
    await using proxy = new ZMQProxy({ frontend, backend })
    const messages = [
      ['', 'é', ''].map((part) => Buffer.from(part)),
      [Buffer.from([0, 255, 128])],
      [Buffer.alloc(0)],
      [Buffer.alloc(20_000, 'x'), Buffer.from('tail')],
    ]
    const bytes = messages.flat().reduce((sum, { length }) => sum + length, 0)
    for (const [from, to] of [
      [client, worker],
      [worker, client],
    ] as const) {
      for (const message of messages) await from.send(message)
      for (const message of messages) expect(digests(await to.receive())).toEqual(digests(message))
    }
    expect(proxy.stats()).toEqual({
      toBackend: { messages: 4, bytes, dropped: 0 },
      toFrontend: { messages: 4, bytes, dropped: 0 },
    })
  })

  it('waits where the other side has no room, reads no further, and loses nothing', async () => {
    await using between = await line()
    const { proxy, client, worker } = between
    const taken = await fill((message) => client.send(message, { timeoutMs: 200 }))
    const { messages } = proxy.stats().toBackend
    await expect(client.send(large(99), { timeoutMs: 100 })).rejects.toMatchObject(late)
    expect(proxy.stats().toBackend.messages).toBe(messages)
    // The other way is not held up.
    await worker.send(large(1))
    expect(firstBytes([await client.receive()])).toEqual([1])
    expect(firstBytes(await take(taken, worker))).toEqual(upTo(taken))
    await client.send(large(77))
    expect(firstBytes([await worker.receive()])).toEqual([77])
  })

  it('reads nothing while it is paused, and goes on where it was', async () => {
    await using between = await line()
    const { proxy, client, worker } = between
    await client.send(large(0))
    await worker.receive()
    await proxy.pause()
    await proxy.pause()
    await client.send(large(1))
    await worker.send(large(2))
    await expect(worker.receive({ timeoutMs: 150 })).rejects.toMatchObject(late)
    await expect(client.receive({ timeoutMs: 1 })).rejects.toMatchObject(late)
    expect(proxy.stats()).toMatchObject({ toBackend: { messages: 1 }, toFrontend: { messages: 0 } })
    proxy.resume()
    proxy.resume()
    expect([firstBytes([await worker.receive()]), firstBytes([await client.receive()])]).toEqual([[1], [2]])
  })

  it('loses and doubles nothing, however often it is paused', async () => {
    await using between = await broker()
    await using client = new ZMQDealer(between.forClients, { sendHighWaterMark: 5 })
    await using worker = new ZMQDealer(between.forWorkers, { codec: 'frames' })
    const sending = (async () => {
      for (const message of numbers(500)) await client.send(message)
    })()
    const pausing = (async () => {
      for (let round = 0; round < 10; round++) {
        await between.proxy.pause()
        between.proxy.resume()
        await new Promise(setImmediate)
      }
    })()
    const received = await take(500, worker)
    expect(received.map((parts) => String(parts.at(-1)))).toEqual(numbers(500))
    await Promise.all([sending, pausing])
  })

  it('sends what it has read before it closes, also when that must wait for room', async () => {
    await using between = await line()
    const { proxy, client, worker } = between
    const taken = await fill((message) => client.send(message, { timeoutMs: 200 }))
    const { messages } = proxy.stats().toBackend
    const closing = proxy.close()
    // It has one message in its hand, which nobody has room for until the worker reads.
    expect(firstBytes(await take(messages + 1, worker))).toEqual(upTo(messages + 1))
    await closing
    expect(taken).toBeGreaterThan(messages)
    expect(proxy.stats().toBackend).toMatchObject({ messages: messages + 1, dropped: 0 })
  })

  it('ends with close, also when it is paused: it closes its sockets, and done resolves', async () => {
    for (const isPaused of [false, true]) {
      const { proxy, frontend, backend } = await broker()
      if (isPaused) await proxy.pause()
      await Promise.all([proxy.close(), proxy.close()])
      await expect(proxy.done).resolves.toBeUndefined()
      expect([proxy.state, frontend.state, backend.state]).toEqual(['stopped', 'stopped', 'stopped'])
      await expect(proxy.pause()).rejects.toMatchObject({ code: 'CLOSED' })
      expect(() => proxy.resume()).toThrow(expect.objectContaining({ code: 'CLOSED' }))
    }
  })

  it('that cannot send what it has read gives up at close after lingerMs, and counts it as dropped', async () => {
    await using frontend = new ZMQDealer(`@${anyEndpoint(transport)}`)
    await using backend = new ZMQDealer(`@${anyEndpoint(transport)}`, { lingerMs: 120 })
    await using client = new ZMQDealer(await frontend.endpoint())
    const proxy = new ZMQProxy({ frontend, backend })
    await client.send('for nobody')
    await expect.poll(() => frontend.stats.received).toBe(1)
    const startMs = performance.now()
    await proxy.close()
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(100)
    expect(proxy.stats().toBackend).toEqual({ messages: 0, bytes: 0, dropped: 1 })
    await expect(proxy.done).resolves.toBeUndefined()
  })

  it('ends when one of its sockets is closed, closes the other, and done tells', async () => {
    const { proxy, frontend, backend } = await broker()
    await frontend.close()
    await expect(proxy.done).rejects.toMatchObject({ code: 'CLOSED', message: 'the router socket is closed' })
    expect([proxy.state, backend.state]).toEqual(['failed', 'stopped'])
  })

  it('ends when one of its sockets does not open, and closes the other', async () => {
    await using taken = new ZMQRouter(anyEndpoint(transport))
    const frontend = new ZMQRouter(await taken.endpoint())
    const backend = new ZMQDealer(`@${anyEndpoint(transport)}`)
    const proxy = new ZMQProxy({ frontend, backend })
    await expect(proxy.done).rejects.toMatchObject({ code: 'ENDPOINT_IN_USE' })
    expect([frontend.state, backend.state]).toEqual(['failed', 'stopped'])
    await expect(proxy.close()).resolves.toBeUndefined()
  })

  it('drops and counts a reply to a client that has gone, though its router is mandatory', async () => {
    const frontend = new ZMQRouter(anyEndpoint(transport), { mandatory: true })
    const backend = new ZMQDealer(`@${anyEndpoint(transport)}`)
    await using worker = new ZMQDealer(await backend.endpoint(), { codec: 'frames' })
    await using proxy = new ZMQProxy({ frontend, backend })
    await worker.send(['nobody', 'reply'])
    await expect.poll(() => proxy.stats().toFrontend).toEqual({ messages: 0, bytes: 0, dropped: 1 })
    await using client = new ZMQDealer(await frontend.endpoint())
    await client.send('hello')
    await worker.send(await worker.receive())
    expect(await client.receive()).toBe('hello')
  })

  it('has its sockets for itself', async () => {
    await using between = await broker()
    const { frontend, backend, proxy } = between
    const belongs = { code: 'SOCKET_FAILED', message: expect.stringContaining('belongs to a proxy') }
    const refused = [frontend.receive(), backend.receive(), backend.send('x')]
    for (const one of refused) await expect(one).rejects.toMatchObject(belongs)
    expect(() => new ZMQProxy({ frontend, backend })).toThrow(expect.objectContaining(belongs))
    expect(proxy.state).toBe('running')
  })
})

it('refuses sockets on which a receive waits, and leaves them alone', async () => {
  await using frontend = new ZMQRouter('inproc://busy')
  await using backend = new ZMQDealer('@inproc://idle')
  await using client = new ZMQDealer('inproc://busy')
  await frontend.ready()
  const receiving = frontend.receive()
  expect(() => new ZMQProxy({ frontend, backend })).toThrow(expect.objectContaining({ code: 'SOCKET_FAILED' }))
  await client.send('x')
  expect(await receiving).toMatchObject({ message: 'x' })
})

it('refuses what is no socket, one socket twice, and unknown options', async () => {
  await using one = new ZMQDealer()
  await using two = new ZMQDealer()
  const wrong: unknown[] = [
    {},
    { frontend: one },
    { frontend: one, backend: {} },
    { frontend: one, backend: one },
    { frontend: one, backend: two, capture: one },
    { frontend: one, backend: two, verbose: true },
  ]
  for (const options of wrong) {
    expect(() => new ZMQProxy(options as ProxyOptions)).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS' }))
  }
  expect([one, two].map(({ state }) => state)).not.toContain('failed')
})
