import { ZMQMonitor } from '@troupe/core'
import { ZMQDealer, ZMQRouter } from '@troupe/dealer-router'
import { anyEndpoint, freeAddress, numbers, TRANSPORTS, take, WIRES } from '@troupe/testing'
import { describe, expect, it } from 'vitest'
import { fill, firstBytes, large, SMALL, upTo } from './small.js'

const late = { code: 'TIMEOUT' }
const FAST = { reconnectIntervalMs: 10 }

/** Sends that give up, so that it is seen when there is no room. */
const patience = (dealer: ZMQDealer<typeof SMALL>) => (message: Uint8Array) => dealer.send(message, { timeoutMs: 150 })

/** Waits until what is given to the dealer waits. */
async function alone(dealer: ZMQDealer<typeof SMALL>): Promise<void> {
  const outcome = () =>
    dealer.send(new Uint8Array([99]), { timeoutMs: 30 }).then(
      () => 'sent',
      ({ code }) => code,
    )
  await expect.poll(outcome, { timeout: 10_000 }).toBe('TIMEOUT')
}

describe.each(TRANSPORTS)('a dealer over %s', (transport) => {
  it('and its peer pass frames on as they are, both ways (28/REQREP)', async () => {
    await using here = new ZMQDealer(`@${anyEndpoint(transport)}`, { codec: 'frames' })
    await using there = new ZMQDealer(await here.endpoint(), { codec: 'frames' })
    const messages = [
      [Buffer.from('one')],
      [Buffer.alloc(0), Buffer.from([0, 255, 128]), Buffer.alloc(0), Buffer.from('é')],
      [Buffer.alloc(0)],
      [Buffer.alloc(20_000, 7), Buffer.alloc(1), Buffer.alloc(0)],
    ]
    for (const message of messages) await Promise.all([here.send(message), there.send(message)])
    for (const end of [here, there]) {
      for (const message of messages) expect((await end.receive()).map((part) => Buffer.from(part))).toEqual(message)
    }
  })

  it('sends to each of its peers in turn (28/REQREP: round robin)', async () => {
    await using one = new ZMQRouter(anyEndpoint(transport))
    await using two = new ZMQRouter(anyEndpoint(transport))
    await using dealer = new ZMQDealer(`${await one.endpoint()},${await two.endpoint()}`)
    for (const message of numbers(6)) await dealer.send(message)
    const texts = async (router: ZMQRouter) => (await take(3, router)).map(({ message }) => message)
    expect([await texts(one), await texts(two)]).toEqual([
      ['0', '2', '4'],
      ['1', '3', '5'],
    ])
  })

  it('passes a peer by that has no room, and feeds the others (28/REQREP)', async () => {
    await using full = new ZMQDealer(`@${anyEndpoint(transport)}`, SMALL)
    await using dealer = new ZMQDealer(await full.endpoint(), SMALL)
    await fill(patience(dealer))
    await using free = new ZMQDealer(`@${anyEndpoint(transport)}`, SMALL)
    await dealer.connect(await free.endpoint())
    for (const number of upTo(5)) {
      await dealer.send(new Uint8Array([200 + number]))
      expect(firstBytes([await free.receive()])).toEqual([200 + number])
    }
  })

  it('waits while no peer has room, discards nothing, and goes on when one has (28/REQREP)', async () => {
    await using peer = new ZMQDealer(`@${anyEndpoint(transport)}`, SMALL)
    await using dealer = new ZMQDealer(await peer.endpoint(), SMALL)
    const taken = await fill(patience(dealer))
    expect(taken).toBeGreaterThanOrEqual(2)
    const waiting = dealer.send(large(taken))
    expect(firstBytes(await take(taken + 1, peer))).toEqual(upTo(taken + 1))
    await waiting
    await expect(peer.receive({ timeoutMs: 100 })).rejects.toMatchObject(late)
    expect(dealer.stats).toMatchObject({ sent: taken + 1, dropped: 0 })
  })

  it('waits while it has no peer, and discards nothing (28/REQREP)', async () => {
    await using dealer = new ZMQDealer(`@${anyEndpoint(transport)}`)
    await expect(dealer.send('never', { timeoutMs: 80 })).rejects.toMatchObject(late)
    const sending = Promise.all(numbers(10).map((message) => dealer.send(message)))
    await using peer = new ZMQDealer(await dealer.endpoint())
    await sending
    expect(await take(10, peer)).toEqual(numbers(10))
  })

  it('receives from each of its peers in turn, however many messages one of them has (28/REQREP: fair queuing)', async () => {
    await using dealer = new ZMQDealer(`@${anyEndpoint(transport)}`, SMALL)
    await using one = new ZMQDealer(await dealer.endpoint(), SMALL)
    await using two = new ZMQDealer(await dealer.endpoint(), SMALL)
    const taken = [await fill(patience(one)), await fill((message) => patience(two)(message.fill(1, 1, 2)))]
    const received = await take(taken[0]! + taken[1]!, dealer)
    // Both had messages here when the first was received.
    expect(new Set(received.slice(0, 2).map((bytes) => bytes[1])).size).toBe(2)
    for (const name of [0, 1]) {
      expect(firstBytes(received.filter((bytes) => bytes[1] === name))).toEqual(upTo(taken[name]!))
    }
  })

  it('that binds destroys what it had queued for a peer that goes (28/REQREP)', async () => {
    await using dealer = new ZMQDealer(`@${anyEndpoint(transport)}`, SMALL)
    const address = await dealer.endpoint()
    const peer = new ZMQDealer(address, { ...SMALL, ...FAST })
    await fill(patience(dealer))
    await peer.close()
    await alone(dealer)
    await using next = new ZMQDealer(address, { ...SMALL, ...FAST })
    await dealer.send(large(77))
    expect(firstBytes([await next.receive()])).toEqual([77])
    await expect(next.receive({ timeoutMs: 100 })).rejects.toMatchObject(late)
  })

  it('carries an empty message, and one of 64 MiB', async () => {
    await using router = new ZMQRouter(anyEndpoint(transport), { codec: 'bytes' })
    await using dealer = new ZMQDealer(await router.endpoint(), { codec: 'bytes' })
    const sent = Buffer.alloc(64 * 2 ** 20, 'troupe')
    await dealer.send(new Uint8Array(0))
    await dealer.send(sent)
    for (const envelope of await take(2, router)) await router.send(envelope)
    expect(await dealer.receive()).toHaveLength(0)
    expect(sent.equals(await dealer.receive())).toBe(true)
  })

  it('need not take turns: it may send and receive as it likes', async () => {
    await using router = new ZMQRouter(anyEndpoint(transport))
    await using dealer = new ZMQDealer(await router.endpoint())
    const sending = Promise.all(numbers(1_000).map((message) => dealer.send(message)))
    const answering = (async () => {
      for (const { routingId, message } of await take(1_000, router)) await router.send({ routingId, message })
    })()
    expect(await take(1_000, dealer)).toEqual(numbers(1_000))
    await Promise.all([sending, answering])
  })
})

describe.each(WIRES)('a dealer over %s', (transport) => {
  it('that connects keeps its queue while its peer is away, and delivers it to the next (28/REQREP)', async () => {
    const address = await freeAddress(transport)
    await using dealer = new ZMQDealer(undefined, FAST)
    using monitor = new ZMQMonitor(dealer)
    await dealer.connect(address)
    const first = new ZMQRouter(address)
    await dealer.send('before')
    expect(await first.receive()).toMatchObject({ message: 'before' })
    await first.close()
    for await (const { type } of monitor) if (type === 'disconnected') break
    for (const message of numbers(5)) await dealer.send(message)
    await using second = new ZMQRouter(address)
    const received = await take(5, second)
    expect(received.map(({ message }) => message)).toEqual(numbers(5))
    // Both ways: the new router answers.
    await second.send({ routingId: received[0]!.routingId, message: 'back' })
    expect(await dealer.receive()).toBe('back')
  })
})

it('with conflate keeps the last message only', async () => {
  await using dealer = new ZMQDealer('@inproc://conflated', { conflate: true })
  await using peer = new ZMQDealer('inproc://conflated', { conflate: true })
  await peer.ready()
  for (const message of numbers(10)) await dealer.send(message)
  expect(await peer.receive()).toBe('9')
  await expect(peer.receive({ timeoutMs: 80 })).rejects.toMatchObject(late)
})
