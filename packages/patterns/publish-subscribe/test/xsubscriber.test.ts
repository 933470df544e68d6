import { ZMQSubscriber, ZMQXPublisher, ZMQXSubscriber } from '@troupe/publish-subscribe'
import { anyEndpoint, freeAddress, TRANSPORTS, take, WIRES } from '@troupe/testing'
import { describe, expect, it } from 'vitest'
import { told } from './joined.js'

describe.each(TRANSPORTS)('an XSUB over %s', (transport) => {
  it('has no subscriptions at first, then those that it makes and does not take back', async () => {
    await using publisher = new ZMQXPublisher(anyEndpoint(transport))
    await using subscriber = new ZMQXSubscriber(await publisher.endpoint())
    await subscriber.subscribe('a', Buffer.from('b'))
    expect((await told(publisher, 2)).sort()).toEqual(['+a', '+b'])
    for (const message of ['c', 'a 1', 'b 1']) await publisher.send(message)
    expect(await take(2, subscriber)).toEqual(['a 1', 'b 1'])
    await subscriber.unsubscribe('a')
    expect(await told(publisher)).toEqual(['-a'])
    for (const message of ['a 2', 'b 2']) await publisher.send(message)
    expect(await subscriber.receive()).toBe('b 2')
  })

  it('counts subscriptions: two need two cancels (29/PUBSUB)', async () => {
    await using publisher = new ZMQXPublisher(anyEndpoint(transport))
    await using subscriber = new ZMQXSubscriber(await publisher.endpoint())
    await subscriber.subscribe('a', 'a')
    expect(await told(publisher)).toEqual(['+a'])
    await subscriber.unsubscribe('a')
    await subscriber.subscribe('mark')
    expect(await told(publisher)).toEqual(['+mark'])
    await subscriber.unsubscribe('a')
    expect(await told(publisher)).toEqual(['-a'])
  })

  it('that closes unsubscribes (29/PUBSUB)', async () => {
    await using publisher = new ZMQXPublisher(anyEndpoint(transport))
    const subscriber = new ZMQXSubscriber(await publisher.endpoint())
    await subscriber.subscribe('a')
    expect(await told(publisher)).toEqual(['+a'])
    await subscriber.close()
    expect(await told(publisher)).toEqual(['-a'])
  })

  it('refuses to send upstream what would be a subscription', async () => {
    await using publisher = new ZMQXPublisher(anyEndpoint(transport), { codec: 'frames' })
    await using subscriber = new ZMQXSubscriber(await publisher.endpoint(), { codec: 'frames' })
    for (const message of [['\u0001a'], ['\0a'], ['x', Uint8Array.of(1)]]) {
      await expect(subscriber.send(message)).rejects.toMatchObject({ code: 'ENCODE_FAILED' })
    }
    await subscriber.subscribe('b')
    expect(await told(publisher)).toEqual(['+b'])
    await subscriber.send(['x', '', '\u0002'])
    const event = await publisher.receive()
    expect(event.type === 'message' && event.message.map(String)).toEqual(['x', '', '\u0002'])
  })

  it('and an XPUB pass on subscriptions and messages by hand (29/PUBSUB)', async () => {
    await using source = new ZMQXPublisher(anyEndpoint(transport))
    await using back = new ZMQXSubscriber(await source.endpoint(), { codec: 'frames' })
    await using front = new ZMQXPublisher(anyEndpoint(transport), { codec: 'frames' })
    const upstream = (async () => {
      for await (const event of front) {
        if (event.type === 'subscribe') await back.subscribe(event.topic)
        else if (event.type === 'unsubscribe') await back.unsubscribe(event.topic)
        else await back.send(event.message)
      }
    })()
    const downstream = (async () => {
      for await (const frames of back) await front.send(frames)
    })()
    const subscriber = new ZMQSubscriber(await front.endpoint(), 'a')
    expect(await told(source)).toEqual(['+a'])
    for (const message of ['b 1', 'a 1']) await source.send(message)
    expect(await subscriber.receive()).toBe('a 1')
    await subscriber.close()
    expect(await told(source)).toEqual(['-a'])
    await Promise.all([front.close(), back.close(), upstream, downstream])
  })
})

describe.each(WIRES)('an XSUB over %s', (transport) => {
  it('that is not receiving subscribes again at a publisher that comes back (29/PUBSUB)', async () => {
    const address = await freeAddress(transport)
    await using subscriber = new ZMQXSubscriber(address, { reconnectIntervalMs: 10 })
    await subscriber.subscribe('a', 'b')
    const first = new ZMQXPublisher(address)
    await told(first, 2)
    await subscriber.unsubscribe('b')
    await first.close()
    await using second = new ZMQXPublisher(address)
    expect(await told(second)).toEqual(['+a'])
    await second.send('a')
    expect(await subscriber.receive()).toBe('a')
  })
})
