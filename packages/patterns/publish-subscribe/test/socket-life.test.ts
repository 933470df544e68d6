import { getEventListeners } from 'node:events'
import { ZMQPublisher, ZMQSubscriber, ZMQXPublisher, ZMQXSubscriber } from '@troupe/publish-subscribe'
import { anyEndpoint, TRANSPORTS, writeRaw } from '@troupe/testing'
import { describe, expect, it } from 'vitest'
import { told } from './joined.js'

const closed = { name: 'ClosedError', code: 'CLOSED' }

describe.each(TRANSPORTS)('publishers and subscribers over %s', (transport) => {
  it('refuse everything when they are closed, and what waits is rejected', async () => {
    const publisher = new ZMQPublisher(anyEndpoint(transport))
    const caching = new ZMQXPublisher(anyEndpoint(transport), { lastValueCache: true })
    const address = await publisher.endpoint()
    const subscriber = new ZMQSubscriber(address)
    const extended = new ZMQXSubscriber(address)
    const receives = [subscriber.receive(), extended.receive(), caching.receive()]
    const outcomes = receives.map((one) => expect(one).rejects.toMatchObject(closed))
    const iterating = (async () => {
      for await (const _ of subscriber) expect.unreachable()
    })()
    await Promise.all([publisher, caching, subscriber, extended].map((socket) => socket.close()))
    await Promise.all([...outcomes, iterating])
    const late = [
      publisher.send('x'),
      publisher.send('a', 'x'),
      caching.send('a', 'x'),
      caching.receive(),
      subscriber.receive(),
      subscriber.subscribe('a'),
      subscriber.unsubscribe('a'),
      extended.subscribe('a'),
      extended.unsubscribe('a'),
      extended.send('x'),
      extended.receive(),
    ]
    for (const one of late) await expect(one).rejects.toMatchObject(closed)
  })

  it('give up a receive that is aborted, before or while it waits, without a message', async () => {
    await using publisher = new ZMQXPublisher(anyEndpoint(transport))
    await using subscriber = new ZMQSubscriber(await publisher.endpoint(), 'a')
    await told(publisher)
    const controller = new AbortController()
    const { signal } = controller
    const outcomes = [subscriber, publisher].map((socket) =>
      expect(socket.receive({ signal })).rejects.toMatchObject({ name: 'AbortError', code: 'ABORTED' }),
    )
    controller.abort()
    await Promise.all(outcomes)
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
    await expect(subscriber.receive({ signal })).rejects.toMatchObject({ code: 'ABORTED' })
    await expect(publisher.send(undefined, 'a never', { signal })).rejects.toMatchObject({ code: 'ABORTED' })
    await publisher.send('a')
    expect(await subscriber.receive()).toBe('a')
  })

  it('serve again and again without leaving anything between them', async () => {
    await using publisher = new ZMQXPublisher(anyEndpoint(transport), { lastValueCache: true })
    await publisher.send('a', 'x')
    for (let round = 0; round < 50; round++) {
      await using subscriber = new ZMQSubscriber(await publisher.endpoint(), 'a', { topicFrame: true })
      expect(await subscriber.receive()).toEqual({ topic: 'a', message: 'x' })
      await subscriber.close()
      expect(await told(publisher, 2)).toEqual(['+a', '-a'])
    }
  })
})

const greeting = Buffer.concat([Buffer.from('ff00000000000000017f0300', 'hex'), Buffer.from('NULL'), Buffer.alloc(48)])
const ready = Buffer.concat([Buffer.from('0419', 'hex'), Buffer.from('\x05READY\x0bSocket-Type\0\0\0\x03SUB')])

it.each([
  ['PUB', () => new ZMQPublisher('tcp://127.0.0.1:*')],
  ['XPUB', () => new ZMQXPublisher('tcp://127.0.0.1:*')],
  ['PUB with a cache', () => new ZMQPublisher('tcp://127.0.0.1:*', { lastValueCache: true })],
] as const)('rubbish that is written to the port of a %s leaves it serving', async (_, open) => {
  await using publisher = open()
  const port = Number((await publisher.endpoint()).split(':').at(-1))
  const rubbish = [
    Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
    Buffer.alloc(100_000, 0xff),
    Buffer.concat([greeting, Buffer.from('027fffffffffffffff', 'hex')]),
    // A subscriber that says what no subscriber says: nothing, much, and the end of what did not begin.
    Buffer.concat([greeting, ready, Buffer.from('0000', 'hex'), Buffer.from('000300ff61', 'hex')]),
    Buffer.concat([greeting, ready, Buffer.from('0101ff000161', 'hex'), Buffer.from('010201610002007a', 'hex')]),
    Buffer.alloc(0),
  ]
  await writeRaw(port, rubbish)
  await using subscriber = new ZMQSubscriber(await publisher.endpoint(), 'still', { topicFrame: true })
  const receiving = subscriber.receive()
  let isThere = false
  void receiving.then(() => {
    isThere = true
  })
  while (!isThere) {
    await publisher.send('still', 'here')
    await new Promise(setImmediate)
  }
  expect(await receiving).toEqual({ topic: 'still', message: 'here' })
})
