import { ZMQMonitor } from '@troupe/core'
import { ZMQReply, ZMQRequest } from '@troupe/request-reply'
import { anyEndpoint, freeAddress, TRANSPORTS, type Transport, WIRES } from '@troupe/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import * as zeromq from 'zeromq'
import { conversation } from './conversation.js'

const texts = (frames: Uint8Array[]) => frames.map(String)

/** A raw socket that is closed when the test ends. */
function raw<Socket extends { close(): void }>(socket: Socket): Socket {
  onTestFinished(() => socket.close())
  return socket
}

/** A raw router that plays the server, and its address. */
async function rawRouter(transport: Transport) {
  const router = raw(new zeromq.Router({ linger: 0 }))
  await router.bind(transport === 'ipc' ? await freeAddress('ipc') : anyEndpoint(transport))
  return { router, address: router.lastEndpoint! }
}

describe.each(TRANSPORTS)('over %s', (transport) => {
  it('a request goes over the wire as an empty delimiter and its frames (28/REQREP)', async () => {
    const { router, address } = await rawRouter(transport)
    await using request = new ZMQRequest(address, { codec: 'frames', routingId: 'me' })
    await request.send(['head', '', 'tail'])
    expect(texts(await router.receive())).toEqual(['me', '', 'head', '', 'tail'])
    await router.send(['me', '', 'one', ''])
    expect(texts((await request.receive())!)).toEqual(['one', ''])
  })

  it('a request goes to each peer in turn (28/REQREP)', async () => {
    const replies = [1, 2, 3].map(() => new ZMQReply(anyEndpoint(transport)))
    await using request = new ZMQRequest()
    for (const reply of replies) await request.connect(await reply.endpoint())
    const served: number[] = []
    for (const [index, reply] of replies.entries()) {
      void (async () => {
        for await (const _ of reply) {
          served.push(index)
          await reply.send(String(index))
        }
      })()
    }
    // The first of a connection that is still being made can be anyone; from then on they take turns.
    for (let n = 0; n < 9; n++) await request.request('x', { timeoutMs: 5_000, retries: 0 })
    expect([...served.slice(0, 3)].sort()).toEqual([0, 1, 2])
    expect(served.slice(3)).toEqual([...served.slice(0, 3), ...served.slice(0, 3)])
    for (const reply of replies) await reply.close()
  })

  it('a request without a peer waits, and is not dropped (28/REQREP)', async () => {
    await using request = new ZMQRequest(`@${anyEndpoint(transport)}`)
    const sending = request.send('patient')
    await expect(request.receive({ timeoutMs: 80 })).rejects.toMatchObject({ code: 'TIMEOUT' })
    expect(request.stats.sent).toBe(0)
    await using reply = new ZMQReply(`>${await request.endpoint()}`)
    expect(await reply.receive()).toBe('patient')
    expect(await sending).toBe('sent')
  })

  it('a reply of a peer that was not asked is discarded (28/REQREP)', async () => {
    const { router, address } = await rawRouter(transport)
    const { router: other, address: otherAddress } = await rawRouter(transport)
    await using request = new ZMQRequest(`${address},${otherAddress}`, { routingId: 'me', probeRouter: true })
    // Both have a connection, since both were greeted by the probe.
    await router.receive()
    await other.receive()
    await request.send('x')
    const asked = await Promise.race([router.receive().then(() => router), other.receive().then(() => other)])
    const unasked = asked === router ? other : router
    await unasked.send(['me', '', 'unasked'])
    await expect(request.receive({ timeoutMs: 100 })).rejects.toMatchObject({ code: 'TIMEOUT' })
    await asked.send(['me', '', 'asked'])
    expect(await request.receive()).toBe('asked')
  })

  it('a reply without the number of its request is dropped with correlate (28/REQREP)', async () => {
    const { router, address } = await rawRouter(transport)
    await using request = new ZMQRequest(address, { correlate: true, relaxed: true, routingId: 'me' })
    await request.send('first')
    const [, first, ...rest] = await router.receive()
    expect(first).toHaveLength(4)
    expect(texts(rest)).toEqual(['', 'first'])
    await request.send('second')
    const [, second] = await router.receive()
    expect(second!.equals(first!)).toBe(false)
    await router.send(['me', first!, '', 'to the first'])
    await router.send(['me', '', 'without a number'])
    await router.send(['me', second!, '', 'to the second'])
    expect(await request.receive()).toBe('to the second')
  })

  it('a request may be sent again with relaxed, and the reply that had come is not taken for its own', async () => {
    const { router, address } = await rawRouter(transport)
    await using request = new ZMQRequest(address, { relaxed: true, correlate: true, routingId: 'me' })
    await request.send('first')
    const [, first] = await router.receive()
    const given = request.receive({ timeoutMs: 1 })
    await expect(given).rejects.toMatchObject({ code: 'TIMEOUT' })
    await router.send(['me', first!, '', 'to the first'])
    // It comes while nobody waits any more: we keep it, or libzmq does when we have stopped to read.
    const beginMs = performance.now()
    await expect.poll(() => request.stats.received === 1 || performance.now() - beginMs > 300).toBe(true)
    expect(await request.send('second')).toBe('sent')
    const [, second] = await router.receive()
    await router.send(['me', second!, '', 'to the second'])
    expect(await request.receive()).toBe('to the second')
  })

  it('requests are received fairly from each peer (28/REQREP)', async () => {
    await using reply = new ZMQReply(anyEndpoint(transport))
    const address = await reply.endpoint()
    const dealers = ['a', 'b', 'c'].map((name) => ({ name, socket: raw(new zeromq.Dealer({ linger: 0 })) }))
    for (const { name, socket } of dealers) {
      socket.connect(address)
      for (let n = 0; n < 20; n++) await socket.send(['', name])
    }
    const served: Record<string, number> = { a: 0, b: 0, c: 0 }
    for (let n = 0; n < 60; n++) {
      const name = (await reply.receive())!
      served[name]!++
      await reply.send(name)
    }
    expect(served).toEqual({ a: 20, b: 20, c: 20 })
    for (const { name, socket } of dealers) {
      for (let n = 0; n < 20; n++) expect(texts(await socket.receive())).toEqual(['', name])
    }
  })

  it('an answer has the envelope of its request, of as many hops as there were (28/REQREP)', async () => {
    await using reply = new ZMQReply(anyEndpoint(transport), { codec: 'frames' })
    const dealer = raw(new zeromq.Dealer({ linger: 0 }))
    dealer.connect(await reply.endpoint())
    const hops = [Buffer.from([0, 255, 1]), Buffer.from('second hop'), Buffer.from('third')]
    await dealer.send([...hops, '', 'question', '', 'more'])
    expect(texts((await reply.receive())!)).toEqual(['question', '', 'more'])
    await reply.send(['answer', ''])
    expect(await dealer.receive()).toEqual([...hops, Buffer.alloc(0), Buffer.from('answer'), Buffer.alloc(0)])
  })

  it('a request without a delimiter is skipped (28/REQREP)', async () => {
    await using reply = new ZMQReply(anyEndpoint(transport))
    const dealer = raw(new zeromq.Dealer({ linger: 0 }))
    dealer.connect(await reply.endpoint())
    await dealer.send('no delimiter')
    await dealer.send(['none', 'here', 'either'])
    await dealer.send(['', 'proper'])
    expect(await reply.receive()).toBe('proper')
    expect(await reply.send('answer')).toBe('sent')
    expect(texts(await dealer.receive())).toEqual(['', 'answer'])
    expect(reply.stats).toEqual({ sent: 1, dropped: 0, received: 1, invalid: 0, denied: 0 })
  })

  it('an answer to a peer that is gone is dropped without a word, and the next request served (28/REQREP)', async () => {
    await using reply = new ZMQReply(anyEndpoint(transport))
    const address = await reply.endpoint()
    for (let n = 0; n < 3; n++) {
      await using gone = new ZMQRequest(address, { lingerMs: 0 })
      await gone.send('x')
      expect(await reply.receive()).toBe('x')
      await gone.close()
      expect(await reply.send('to nobody')).toBe('sent')
    }
    await using request = new ZMQRequest(address)
    await request.send('y')
    expect(await reply.receive()).toBe('y')
    await reply.send('z')
    expect(await request.receive()).toBe('z')
  })

  it('a request may connect before its reply is bound, and the reply may connect', async () => {
    const address = await freeAddress(transport)
    await using request = new ZMQRequest(address, { reconnectIntervalMs: 10 })
    const [sending, receiving] = [request.send('early'), request.receive()]
    await using reply = new ZMQReply(address)
    expect(await reply.receive()).toBe('early')
    await reply.send('answer')
    expect([await sending, await receiving]).toEqual(['sent', 'answer'])
  })

  it('an empty message and one of 64 MiB are carried, both ways', async () => {
    const bytes = { codec: 'bytes' } as const
    await using both = await conversation(transport, bytes, bytes)
    const { request, reply } = both
    const large = Buffer.alloc(64 * 2 ** 20, 'troupe')
    for (const message of [new Uint8Array(0), large]) {
      await request.send(message)
      const asked = (await reply.receive())!
      expect(asked).toHaveLength(message.length)
      await reply.send(asked)
      const answered = (await request.receive())!
      expect(Buffer.from(message).equals(answered)).toBe(true)
    }
  })
})

describe.each(WIRES)('over %s', (transport) => {
  it('a request reaches the server that has come in the place of another', async () => {
    const address = await freeAddress(transport)
    await using request = new ZMQRequest(undefined, { reconnectIntervalMs: 10 })
    using monitor = new ZMQMonitor(request)
    await request.connect(address)
    const next = async (type: string) => {
      for await (const event of monitor) if (event.type === type) return
    }
    for (const name of ['first', 'second', 'third']) {
      await using reply = new ZMQReply(address)
      await reply.ready()
      const sending = request.send(name)
      expect(await reply.receive()).toBe(name)
      await sending
      await reply.send(`${name}!`)
      expect(await request.receive()).toBe(`${name}!`)
      await reply.close()
      await next('disconnected')
    }
  })
})
