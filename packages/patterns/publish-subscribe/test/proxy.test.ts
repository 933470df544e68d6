import { ZMQProxy } from '@troupe/core'
import { ZMQSubscriber, ZMQXPublisher, ZMQXSubscriber } from '@troupe/publish-subscribe'
import { anyEndpoint, TRANSPORTS, take } from '@troupe/testing'
import { describe, expect, it } from 'vitest'

describe.each(TRANSPORTS)('a proxy between an XSUB and an XPUB over %s', (transport) => {
  it('forwards subscriptions upstream and messages down, and a copy of both to its capture', async () => {
    await using origin = new ZMQXPublisher(anyEndpoint(transport))
    const frontend = new ZMQXSubscriber(await origin.endpoint())
    const backend = new ZMQXPublisher(anyEndpoint(transport))
    // An XPUB, to be told that the witness has subscribed.
    const capture = new ZMQXPublisher(anyEndpoint(transport), { codec: 'bytes' })
    const downstream = await backend.endpoint()
    await using witness = new ZMQSubscriber(await capture.endpoint(), '', { codec: 'bytes' })
    await capture.receive()
    await using proxy = new ZMQProxy({ frontend, backend, capture })
    await using subscriber = new ZMQSubscriber(downstream, 'a')
    expect(await origin.receive()).toMatchObject({ type: 'subscribe', topic: Buffer.from('a') })
    await origin.send('abc')
    expect(await subscriber.receive()).toBe('abc')
    expect((await take(2, witness)).map(String)).toEqual(['\u0001a', 'abc'])
    await subscriber.close()
    expect(await origin.receive()).toMatchObject({ type: 'unsubscribe', topic: Buffer.from('a') })
    expect(proxy.stats().toFrontend).toMatchObject({ messages: 2, bytes: 4, dropped: 0 })
  })

  it('gives late subscribers nothing of what was sent before, and ends with its sockets', async () => {
    await using origin = new ZMQXPublisher(anyEndpoint(transport))
    const backend = new ZMQXPublisher(anyEndpoint(transport))
    const downstream = await backend.endpoint()
    const proxy = new ZMQProxy({ frontend: new ZMQXSubscriber(await origin.endpoint()), backend })
    await origin.send('before')
    await using subscriber = new ZMQSubscriber(downstream, '')
    await origin.receive()
    await origin.send('after')
    expect(await subscriber.receive()).toBe('after')
    await proxy.close()
    await proxy.done
    expect(backend.state).toBe('stopped')
  })
})
