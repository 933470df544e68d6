import { ZMQPublisher, ZMQSubscriber, ZMQXPublisher } from '@troupe/publish-subscribe'
import { anyEndpoint, freeAddress, numbers, TRANSPORTS, take, WIRES } from '@troupe/testing'
import { describe, expect, it } from 'vitest'
import { joined, told } from './joined.js'

const FAST = { reconnectIntervalMs: 10 }
const late = { code: 'TIMEOUT' }

describe.each(TRANSPORTS)('publish-subscribe over %s', (transport) => {
  it('delivers what has a prefix that is subscribed to, and nothing else (29/PUBSUB)', async () => {
    await using publisher = new ZMQPublisher(anyEndpoint(transport))
    await using subscriber = new ZMQSubscriber(await publisher.endpoint(), '10001')
    await joined(publisher, subscriber, '10001 ')
    for (const message of ['10002 1 2', '10001 20 50', '1000', '100011', 'x10001']) await publisher.send(message)
    await publisher.send('10001 21 51')
    expect(await take(3, subscriber)).toEqual(['10001 20 50', '100011', '10001 21 51'])
  })

  it('matches bytes, on the first frame alone (29/PUBSUB)', async () => {
    await using publisher = new ZMQXPublisher(anyEndpoint(transport), { codec: 'frames' })
    const prefix = Uint8Array.of(0, 255)
    await using subscriber = new ZMQSubscriber(await publisher.endpoint(), prefix, { codec: 'frames' })
    expect(await publisher.receive()).toMatchObject({ type: 'subscribe', topic: Buffer.from(prefix) })
    await publisher.send([Uint8Array.of(0, 254), prefix])
    await publisher.send([Uint8Array.of(0), Uint8Array.of(255)])
    await publisher.send([Uint8Array.of(0, 255, 1), '', 'é'])
    expect((await subscriber.receive()).map((frame) => [...frame])).toEqual([[0, 255, 1], [], [195, 169]])
  })

  it('matches everything with the empty prefix, also an empty message (29/PUBSUB)', async () => {
    await using publisher = new ZMQPublisher(anyEndpoint(transport))
    await using subscriber = new ZMQSubscriber(await publisher.endpoint(), '')
    await joined(publisher, subscriber)
    for (const message of ['', 'a', '\0']) await publisher.send(message)
    expect(await take(3, subscriber)).toEqual(['', 'a', '\0'])
  })

  it('subscribes to everything by default if it has an endpoint, to nothing with an empty list', async () => {
    await using publisher = new ZMQXPublisher(anyEndpoint(transport))
    const address = await publisher.endpoint()
    await using nothing = new ZMQSubscriber(address, [])
    await using unconnected = new ZMQSubscriber()
    await unconnected.connect(address)
    await using everything = new ZMQSubscriber(address)
    expect(await told(publisher)).toEqual(['+'])
    await publisher.send('x')
    expect(await everything.receive()).toBe('x')
    for (const one of [nothing, unconnected]) await one.subscribe('last')
    expect(await told(publisher)).toEqual(['+last'])
    await publisher.send('last')
    expect(await nothing.receive()).toBe('last')
  })

  it('subscribes to each prefix of a list', async () => {
    await using publisher = new ZMQXPublisher(anyEndpoint(transport))
    await using subscriber = new ZMQSubscriber(await publisher.endpoint(), ['a', Buffer.from('b')])
    expect((await told(publisher, 2)).sort()).toEqual(['+a', '+b'])
    for (const message of ['a', 'c', 'b']) await publisher.send(message)
    expect(await take(2, subscriber)).toEqual(['a', 'b'])
  })

  it('counts subscriptions: two need two cancels (29/PUBSUB)', async () => {
    await using publisher = new ZMQXPublisher(anyEndpoint(transport))
    await using subscriber = new ZMQSubscriber(await publisher.endpoint(), ['a', 'a'])
    expect(await told(publisher)).toEqual(['+a'])
    await subscriber.unsubscribe('a')
    await subscriber.subscribe('mark 1')
    expect(await told(publisher)).toEqual(['+mark 1'])
    await publisher.send('a 1')
    expect(await subscriber.receive()).toBe('a 1')
    await subscriber.unsubscribe('a')
    expect(await told(publisher)).toEqual(['-a'])
    for (const message of ['a 2', 'mark 1']) await publisher.send(message)
    expect(await subscriber.receive()).toBe('mark 1')
  })

  it('subscribes and unsubscribes while it runs', async () => {
    await using publisher = new ZMQXPublisher(anyEndpoint(transport))
    await using subscriber = new ZMQSubscriber(await publisher.endpoint(), [])
    const receiving = subscriber.receive()
    await subscriber.subscribe('a', 'b')
    expect((await told(publisher, 2)).sort()).toEqual(['+a', '+b'])
    await publisher.send('b 1')
    expect(await receiving).toBe('b 1')
    await subscriber.unsubscribe('b')
    expect(await told(publisher)).toEqual(['-b'])
    for (const message of ['b 2', 'a 2']) await publisher.send(message)
    expect(await subscriber.receive()).toBe('a 2')
  })

  it('gives a late joiner nothing of what was sent before (29/PUBSUB)', async () => {
    await using publisher = new ZMQXPublisher(anyEndpoint(transport))
    await using early = new ZMQSubscriber(await publisher.endpoint(), 'a', { codec: 'text' })
    await told(publisher)
    await publisher.send('a before')
    await using joiner = new ZMQSubscriber(await publisher.endpoint(), 'a ')
    await told(publisher)
    await publisher.send('a after')
    expect(await joiner.receive()).toBe('a after')
    expect(await take(2, early)).toEqual(['a before', 'a after'])
  })

  it('gives each subscriber every message, in order', async () => {
    await using publisher = new ZMQPublisher(anyEndpoint(transport))
    const address = await publisher.endpoint()
    await using one = new ZMQSubscriber(address)
    await using two = new ZMQSubscriber(address)
    await joined(publisher, one)
    await joined(publisher, two)
    for (const message of numbers(500)) await publisher.send(message)
    const isNumber = (message: string) => /^\d+$/.test(message)
    for (const subscriber of [one, two]) {
      const received: string[] = []
      while (received.length < 500) received.push(...(await take(1, subscriber)).filter(isNumber))
      expect(received).toEqual(numbers(500))
    }
    expect(publisher.stats.dropped).toBe(0)
  })

  it('receives fairly from several publishers, and in the order of each (29/PUBSUB)', async () => {
    await using one = new ZMQPublisher(anyEndpoint(transport))
    await using two = new ZMQPublisher(anyEndpoint(transport))
    await using subscriber = new ZMQSubscriber(`${await one.endpoint()},${await two.endpoint()}`)
    await joined(one, subscriber, 'one ')
    await joined(two, subscriber, 'two ')
    // Those of the first are all there before the second sends: what comes in turns is the subscriber's doing.
    for (const message of numbers(100)) await one.send(`one ${message}`)
    for (const message of numbers(100)) await two.send(`two ${message}`)
    const received = await take(200, subscriber)
    for (const name of ['one', 'two']) {
      const own = received.filter((message) => message.startsWith(name))
      expect(own).toEqual(numbers(100).map((message) => `${name} ${message}`))
    }
  })

  it('binds the subscriber and connects the publisher, if it is told to', async () => {
    await using subscriber = new ZMQSubscriber(`@${anyEndpoint(transport)}`)
    await using publisher = new ZMQPublisher(`>${await subscriber.endpoint()}`)
    await joined(publisher, subscriber)
    await publisher.send('hello')
    expect(await subscriber.receive()).toBe('hello')
  })

  it('connects before the publisher is bound', async () => {
    const address = await freeAddress(transport)
    await using subscriber = new ZMQSubscriber(address, 'a', FAST)
    await using publisher = new ZMQXPublisher(address)
    expect(await told(publisher)).toEqual(['+a'])
    await publisher.send('a')
    expect(await subscriber.receive()).toBe('a')
  })

  it('sends to nobody without waiting', async () => {
    await using publisher = new ZMQPublisher(anyEndpoint(transport))
    for (const message of numbers(2_000)) await publisher.send(message)
    expect(publisher.stats).toEqual({ sent: 2_000, dropped: 0, received: 0, invalid: 0, denied: 0 })
  })

  it('with invertMatching at both ends delivers what is not subscribed to', async () => {
    await using publisher = new ZMQXPublisher(anyEndpoint(transport), { invertMatching: true })
    await using subscriber = new ZMQSubscriber(await publisher.endpoint(), 'a', { invertMatching: true })
    await told(publisher)
    for (const message of ['a 1', 'b 1', 'a 2', 'b 2']) await publisher.send(message)
    expect(await take(2, subscriber)).toEqual(['b 1', 'b 2'])
  })

  it('with conflate at the subscriber keeps the last message alone', async () => {
    await using publisher = new ZMQXPublisher(anyEndpoint(transport))
    await using subscriber = new ZMQSubscriber(await publisher.endpoint(), '', { conflate: true })
    await told(publisher)
    for (const message of numbers(200)) await publisher.send(message)
    const received = await take(1, subscriber)
    while (received.at(-1) !== '199') received.push(...(await take(1, subscriber)))
    expect(received.length).toBeLessThan(100)
    await expect(subscriber.receive({ timeoutMs: 50 })).rejects.toMatchObject(late)
  })

  it('with conflate at the publisher delivers the last message too', async () => {
    await using publisher = new ZMQPublisher(anyEndpoint(transport), { conflate: true })
    await using subscriber = new ZMQSubscriber(await publisher.endpoint())
    await joined(publisher, subscriber)
    for (const message of numbers(200)) await publisher.send(message)
    const received = await take(1, subscriber)
    while (received.at(-1) !== '199') received.push(...(await take(1, subscriber)))
    await expect(publisher.send('topic', 'message')).rejects.toMatchObject({ code: 'ENCODE_FAILED' })
  })
})

describe.each(WIRES)('a subscriber over %s', (transport) => {
  it('that is not receiving subscribes again at a publisher that comes back (29/PUBSUB)', async () => {
    const address = await freeAddress(transport)
    await using subscriber = new ZMQSubscriber(address, ['a', 'b'], FAST)
    const first = new ZMQXPublisher(address)
    await told(first, 2)
    await first.send('a 1')
    expect(await subscriber.receive()).toBe('a 1')
    await subscriber.unsubscribe('b')
    await first.close()
    await using second = new ZMQXPublisher(address)
    expect(await told(second)).toEqual(['+a'])
    for (const message of ['b 2', 'a 2']) await second.send(message)
    expect(await subscriber.receive()).toBe('a 2')
  })

  it('that is receiving subscribes again as well', async () => {
    const address = await freeAddress(transport)
    await using subscriber = new ZMQSubscriber(address, 'a', FAST)
    const first = new ZMQXPublisher(address)
    await told(first)
    const receiving = subscriber.receive()
    await first.close()
    await using second = new ZMQXPublisher(address)
    expect(await told(second)).toEqual(['+a'])
    await second.send('a')
    expect(await receiving).toBe('a')
  })
})
