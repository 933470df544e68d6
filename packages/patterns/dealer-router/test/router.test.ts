import { ZMQMonitor } from '@troupe/core'
import { ZMQDealer, ZMQRouter } from '@troupe/dealer-router'
import { anyEndpoint, freeAddress, numbers, TRANSPORTS, take, WIRES } from '@troupe/testing'
import { describe, expect, it } from 'vitest'
import { fill, firstBytes, large, SMALL, upTo } from './small.js'

const late = { code: 'TIMEOUT' }
const FAST = { reconnectIntervalMs: 10 }
const id = (text: string) => Buffer.from(text)

/** What the router refuses, it says: so it is seen when a peer is full. */
const fillPeer = (router: ZMQRouter<{ codec: 'bytes' }>, name: string) =>
  fill((message) => router.send({ routingId: id(name), message }))

describe.each(TRANSPORTS)('a router over %s', (transport) => {
  it('receives each message with the routing id of its peer, and sends to whom it says (28/REQREP)', async () => {
    await using router = new ZMQRouter(anyEndpoint(transport))
    await using ann = new ZMQDealer(await router.endpoint(), { routingId: 'ann' })
    await using ben = new ZMQDealer(await router.endpoint(), { routingId: id('ben') })
    await ann.send('from ann')
    expect(await router.receive()).toEqual({ routingId: id('ann'), message: 'from ann' })
    await ben.send('from ben')
    expect(await router.receive()).toEqual({ routingId: id('ben'), message: 'from ben' })
    await router.send({ routingId: id('ben'), message: 'to ben' })
    await router.send({ routingId: id('ann'), message: 'to ann' })
    expect([await ann.receive(), await ben.receive()]).toEqual(['to ann', 'to ben'])
  })

  it('makes up a routing id, binary and its own, for each peer that has none (28/REQREP)', async () => {
    await using router = new ZMQRouter(anyEndpoint(transport))
    const address = await router.endpoint()
    await using one = new ZMQDealer(address)
    await using two = new ZMQDealer(address)
    await Promise.all([one.send('one'), two.send('two')])
    const envelopes = await take(2, router)
    for (const { routingId } of envelopes) {
      expect(routingId).toBeInstanceOf(Uint8Array)
      expect([routingId.length, routingId[0]]).toEqual([5, 0])
    }
    expect(envelopes[0]!.routingId).not.toEqual(envelopes[1]!.routingId)
    for (const envelope of envelopes) await router.send(envelope)
    expect([await one.receive(), await two.receive()]).toEqual(['one', 'two'])
  })

  it('knows a peer by an id that is not UTF-8, and by one of 255 bytes', async () => {
    await using router = new ZMQRouter(anyEndpoint(transport))
    const ids = [Buffer.from([0xff, 0xfe, 0x00, 0x80, 0xc3, 0x28]), Buffer.alloc(255, 0x80), Buffer.from([1])]
    for (const routingId of ids) {
      await using dealer = new ZMQDealer(await router.endpoint(), { routingId })
      await dealer.send('hello')
      const envelope = await router.receive()
      expect(Buffer.from(envelope.routingId)).toEqual(routingId)
      await router.send({ ...envelope, message: 'you' })
      expect(await dealer.receive()).toBe('you')
    }
  })

  it('passes the frames of a message on as they are, both ways (28/REQREP)', async () => {
    await using router = new ZMQRouter(anyEndpoint(transport), { codec: 'frames' })
    await using dealer = new ZMQDealer(await router.endpoint(), { codec: 'frames', routingId: 'x' })
    for (const message of [['', 'a', ''], [''], [Buffer.from([0, 255]), Buffer.alloc(20_000, 3)]]) {
      const sent = message.map((part) => Buffer.from(part))
      await dealer.send(message)
      const envelope = await router.receive()
      expect(envelope.message.map((part) => Buffer.from(part))).toEqual(sent)
      await router.send(envelope)
      expect((await dealer.receive()).map((part) => Buffer.from(part))).toEqual(sent)
    }
  })

  it('receives from each of its peers in turn, however many messages one of them has (28/REQREP: fair queuing)', async () => {
    await using router = new ZMQRouter(anyEndpoint(transport), SMALL)
    const address = await router.endpoint()
    await using ann = new ZMQDealer(address, { ...SMALL, routingId: 'ann' })
    await using ben = new ZMQDealer(address, { ...SMALL, routingId: 'ben' })
    const taken = [ann, ben].map((dealer) => fill((message) => dealer.send(message, { timeoutMs: 150 })))
    const [ofAnn = 0, ofBen = 0] = await Promise.all(taken)
    const received = await take(ofAnn + ofBen, router)
    expect(new Set(received.slice(0, 2).map(({ routingId }) => String(routingId)))).toEqual(new Set(['ann', 'ben']))
    const from = (name: string) =>
      received.filter(({ routingId }) => String(routingId) === name).map(({ message }) => message)
    expect([firstBytes(from('ann')), firstBytes(from('ben'))]).toEqual([upTo(ofAnn), upTo(ofBen)])
  })

  it('drops a message to a peer that it does not know, without a word, and counts it (28/REQREP)', async () => {
    await using router = new ZMQRouter(anyEndpoint(transport))
    await router.send({ routingId: id('nobody'), message: 'before there is any peer' })
    await using dealer = new ZMQDealer(await router.endpoint(), { routingId: 'ann' })
    await dealer.send('hello')
    await router.receive()
    await router.send({ routingId: id('nobody'), message: 'lost' })
    await router.send({ routingId: id('ann'), message: 'found' })
    expect(await dealer.receive()).toBe('found')
    expect(router.stats).toMatchObject({ sent: 3, dropped: 2 })
  })

  it('that is mandatory refuses a message to a peer that it does not know with UNROUTABLE, also when it has none', async () => {
    await using router = new ZMQRouter(anyEndpoint(transport), { mandatory: true })
    const unroutable = { code: 'UNROUTABLE', retryable: true, cause: { code: 'EHOSTUNREACH' } }
    const lost = { routingId: id('nobody'), message: 'lost' }
    await expect(router.send(lost)).rejects.toMatchObject(unroutable)
    await expect(router.send(lost, { timeoutMs: 5_000 })).rejects.toMatchObject(unroutable)
    await using dealer = new ZMQDealer(await router.endpoint(), { routingId: 'ann' })
    await dealer.send('hello')
    await router.receive()
    await expect(router.send(lost)).rejects.toMatchObject(unroutable)
    await router.send({ routingId: id('ann'), message: 'found' })
    expect(await dealer.receive()).toBe('found')
    expect(router.stats).toMatchObject({ sent: 1, dropped: 0 })
  })

  it('that is mandatory refuses a message to a peer that has gone with UNROUTABLE', async () => {
    await using router = new ZMQRouter(anyEndpoint(transport), { mandatory: true })
    const dealer = new ZMQDealer(await router.endpoint(), { routingId: 'ann' })
    await dealer.send('hello')
    const envelope = await router.receive()
    await dealer.close()
    const outcome = () =>
      router.send(envelope).then(
        () => 'sent',
        ({ code }) => code,
      )
    await expect.poll(outcome).toBe('UNROUTABLE')
  })

  it('drops what a full peer has no room for, counts it, and does not hold up the others (28/REQREP)', async () => {
    await using router = new ZMQRouter(anyEndpoint(transport), SMALL)
    const address = await router.endpoint()
    await using slow = new ZMQDealer(address, { ...SMALL, routingId: 'slow' })
    await using quick = new ZMQDealer(address, { ...SMALL, routingId: 'quick' })
    for (const dealer of [slow, quick]) {
      await dealer.send(new Uint8Array([1]))
      await router.receive()
    }
    for (const number of upTo(100)) {
      await router.send({ routingId: id('slow'), message: large(number) })
      await router.send({ routingId: id('quick'), message: new Uint8Array([number]) })
      expect(firstBytes([await quick.receive()])).toEqual([number])
    }
    const { sent, dropped } = router.stats
    expect(sent).toBe(200)
    expect(dropped).toBeGreaterThan(0)
    // In order, and the rest was dropped.
    const received = firstBytes(await take(100 - dropped, slow))
    expect(received).toEqual([...received].sort((a, b) => a! - b!))
    await expect(slow.receive({ timeoutMs: 100 })).rejects.toMatchObject(late)
  })

  it('that is mandatory refuses what a full peer has no room for with QUEUE_FULL, and accepts again when that reads', async () => {
    await using router = new ZMQRouter(anyEndpoint(transport), { ...SMALL, mandatory: true })
    await using dealer = new ZMQDealer(await router.endpoint(), { ...SMALL, routingId: 'slow' })
    await dealer.send(new Uint8Array([1]))
    await router.receive()
    let next = 0
    let refusal: unknown
    const send = () => router.send({ routingId: id('slow'), message: large(next) })
    while (refusal === undefined) {
      refusal = await send().catch((error: unknown) => error)
      if (refusal === undefined) next++
    }
    expect(refusal).toMatchObject({ code: 'QUEUE_FULL', retryable: true })
    expect(next).toBeGreaterThanOrEqual(2)
    const before = next
    expect(firstBytes(await take(before, dealer))).toEqual(upTo(before))
    await expect.poll(() => send().then(() => 'sent', String)).toBe('sent')
    expect(firstBytes([await dealer.receive()])).toEqual([next])
    expect(router.stats).toMatchObject({ sent: before + 1, dropped: 0 })
  })

  it('refuses a second peer with the routing id of a first (28/REQREP)', async () => {
    await using router = new ZMQRouter(anyEndpoint(transport))
    const address = await router.endpoint()
    await using first = new ZMQDealer(address, { routingId: 'x' })
    await first.send('first')
    await router.receive()
    await using second = new ZMQDealer(address, { routingId: 'x', lingerMs: 0 })
    await second.send('second', { timeoutMs: 200 }).catch(() => undefined)
    await expect(router.receive({ timeoutMs: 150 })).rejects.toMatchObject(late)
    await router.send({ routingId: id('x'), message: 'to the first' })
    expect(await first.receive()).toBe('to the first')
    await first.send('still here')
    expect(await router.receive()).toMatchObject({ message: 'still here' })
  })

  it('with handover gives a second peer with the routing id of a first its place', async () => {
    await using router = new ZMQRouter(anyEndpoint(transport), { handover: true })
    const address = await router.endpoint()
    await using first = new ZMQDealer(address, { routingId: 'x', ...FAST })
    await first.send('first')
    await router.receive()
    await using second = new ZMQDealer(address, { routingId: 'x' })
    await second.send('second')
    expect(await router.receive()).toEqual({ routingId: id('x'), message: 'second' })
    await router.send({ routingId: id('x'), message: 'to the second' })
    expect(await second.receive()).toBe('to the second')
  })

  it('gets an empty message from a new peer that has probeRouter, and can speak first', async () => {
    await using router = new ZMQRouter(anyEndpoint(transport), { mandatory: true })
    await using dealer = new ZMQDealer(await router.endpoint(), { routingId: 'probe', probeRouter: true })
    expect(await router.receive()).toEqual({ routingId: id('probe'), message: '' })
    await router.send({ routingId: id('probe'), message: 'welcome' })
    expect(await dealer.receive()).toBe('welcome')
  })

  it('speaks with another router, once either has probed', async () => {
    await using one = new ZMQRouter(anyEndpoint(transport), { routingId: 'one', mandatory: true })
    await using two = new ZMQRouter(`>${await one.endpoint()}`, {
      routingId: 'two',
      mandatory: true,
      probeRouter: true,
    })
    expect(await one.receive()).toEqual({ routingId: id('two'), message: '' })
    await one.send({ routingId: id('two'), message: 'to two' })
    expect(await two.receive()).toEqual({ routingId: id('one'), message: 'to two' })
    await two.send({ routingId: id('one'), message: 'to one' })
    expect(await one.receive()).toEqual({ routingId: id('two'), message: 'to one' })
  })
})

describe.each(WIRES)('a router over %s', (transport) => {
  it('that binds destroys what it had queued for a peer that goes, also when it comes again by its id (28/REQREP)', async () => {
    // Without handover the second would be refused if it came before the first is quite gone.
    await using router = new ZMQRouter(anyEndpoint(transport), { ...SMALL, mandatory: true, handover: true })
    const address = await router.endpoint()
    const options = { ...SMALL, ...FAST, routingId: 'x' } as const
    const first = new ZMQDealer(address, options)
    await first.send(new Uint8Array([1]))
    await router.receive()
    expect(await fillPeer(router, 'x')).toBeGreaterThanOrEqual(2)
    await first.close()
    const gone = () => router.send({ routingId: id('x'), message: large(99) }).catch(({ code }) => code)
    await expect.poll(gone).toBe('UNROUTABLE')
    await using second = new ZMQDealer(address, options)
    await second.send(new Uint8Array([2]))
    expect((await router.receive()).message).toEqual(Buffer.from([2]))
    await router.send({ routingId: id('x'), message: large(77) })
    expect(firstBytes([await second.receive()])).toEqual([77])
    await expect(second.receive({ timeoutMs: 100 })).rejects.toMatchObject(late)
  })

  it('that connects keeps what it had queued for a peer while that is away (28/REQREP)', async () => {
    const address = await freeAddress(transport)
    await using router = new ZMQRouter(undefined, { mandatory: true, ...FAST })
    using monitor = new ZMQMonitor(router)
    const options = { routingId: 'x' }
    const first = new ZMQDealer(`@${address}`, options)
    await first.ready()
    await router.connect(address)
    await first.send('here')
    const envelope = await router.receive()
    await first.close()
    for await (const { type } of monitor) if (type === 'disconnected') break
    for (const message of numbers(3)) await router.send({ ...envelope, message })
    await using second = new ZMQDealer(`@${address}`, options)
    expect(await take(3, second)).toEqual(numbers(3))
  })

  it('goes on with a peer that connects again when it was closed and another is bound', async () => {
    const address = await freeAddress(transport)
    await using dealer = new ZMQDealer(address, { routingId: 'x', ...FAST })
    for (const round of numbers(3)) {
      await using router = new ZMQRouter(address)
      await router.ready()
      await expect
        .poll(() =>
          dealer
            .send(round)
            .then(() => router.receive({ timeoutMs: 500 }))
            .catch(String),
        )
        .toEqual({ routingId: id('x'), message: round })
      await router.send({ routingId: id('x'), message: `back ${round}` })
      expect(await dealer.receive()).toBe(`back ${round}`)
    }
  })
})

it('gives the event loop its turns, though its sends never wait', async () => {
  await using router = new ZMQRouter('inproc://turns')
  let turns = 0
  const count = () => {
    turns++
    counting = setImmediate(count)
  }
  let counting = setImmediate(count)
  for (const message of numbers(5_000)) await router.send({ routingId: id('nobody'), message })
  clearImmediate(counting)
  expect(turns).toBeGreaterThan(3)
})
