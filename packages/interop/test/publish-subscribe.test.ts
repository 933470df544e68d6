import { ZMQPublisher, ZMQSubscriber, ZMQXPublisher, ZMQXSubscriber } from '@troupe/publish-subscribe'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { BYTES, describeWires, JSON_VALUE, TEXT } from './battery.js'
import { PyPeer } from './pyzmq.js'

/** Publishes until the first message has come, for only that tells that a subscription has. */
async function untilSubscribed(publish: () => Promise<unknown>, first: Promise<unknown>): Promise<void> {
  let came = false
  const coming = first.then(() => {
    came = true
  })
  while (!came) {
    await publish()
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  await coming
}

describeWires('a publisher', (endpoint) => {
  it('of ours that sees subscriptions publishes text, bytes and JSON to a SUB of pyzmq', async () => {
    for (const [codec, message] of [
      ['text', TEXT],
      ['bytes', BYTES],
      ['json', JSON_VALUE],
    ] as const) {
      await using publisher = new ZMQXPublisher(endpoint(), { codec })
      await using sub = await PyPeer.start('SUB', 'connect', await publisher.endpoint())
      await sub.subscribe('')
      expect(await publisher.receive()).toMatchObject({ type: 'subscribe' })
      await publisher.send(message as never)
      const frame = Buffer.from(codec === 'json' ? JSON.stringify(JSON_VALUE) : (message as string))
      expect(await sub.receive()).toEqual([frame])
    }
  })

  it('of ours puts a topic in a frame of its own, and a SUB of pyzmq gets those that it has subscribed to', async () => {
    await using publisher = new ZMQXPublisher(endpoint(), { topics: { 'weather.': z.object({ celsius: z.number() }) } })
    await using sub = await PyPeer.start('SUB', 'connect', await publisher.endpoint())
    await sub.subscribe('weather.b')
    expect(await publisher.receive()).toMatchObject({ type: 'subscribe' })
    await publisher.send('weather.athens', { celsius: 30 })
    await publisher.send('weather.berlin', { celsius: 20 })
    expect((await sub.receive()).map(String)).toEqual(['weather.berlin', '{"celsius":20}'])
  })

  it('of ours is heard by an XSUB of pyzmq that subscribes by a message', async () => {
    await using publisher = new ZMQXPublisher(endpoint())
    await using xsub = await PyPeer.start('XSUB', 'connect', await publisher.endpoint())
    await xsub.send(Buffer.from('\u0001to', 'latin1'))
    expect(await publisher.receive()).toMatchObject({ type: 'subscribe' })
    await publisher.send('topical')
    expect(await xsub.receiveText()).toBe('topical')
    await xsub.send(Buffer.from('\u0000to', 'latin1'))
    expect(await publisher.receive()).toMatchObject({ type: 'unsubscribe' })
  })

  it('of ours that keeps last values gives them to a SUB of pyzmq that comes late', async () => {
    await using publisher = new ZMQPublisher(endpoint(), { lastValueCache: true })
    await publisher.send('price', 'old')
    await publisher.send('price', 'new')
    await using sub = await PyPeer.start('SUB', 'connect', await publisher.endpoint())
    await sub.subscribe('price')
    expect((await sub.receive()).map(String)).toEqual(['price', 'new'])
  })
})

describeWires('a subscriber', (endpoint) => {
  it('of ours gets text, bytes and JSON from an XPUB of pyzmq, and its subscription is seen there', async () => {
    for (const [codec, message] of [
      ['text', TEXT],
      ['bytes', BYTES],
      ['json', JSON_VALUE],
    ] as const) {
      await using xpub = await PyPeer.start('XPUB', 'bind', endpoint())
      await using subscriber = new ZMQSubscriber(xpub.address, '', { codec })
      expect(await xpub.receive()).toEqual([Buffer.from([1])])
      await xpub.send(codec === 'json' ? JSON.stringify(JSON_VALUE) : (message as string))
      expect(await subscriber.receive()).toEqual(message)
    }
  })

  it('of ours gets messages with a topic from a PUB of pyzmq', async () => {
    await using pub = await PyPeer.start('PUB', 'bind', endpoint())
    await using subscriber = new ZMQSubscriber(pub.address, 'news', { topicFrame: true })
    const receiving = subscriber.receive()
    await untilSubscribed(() => pub.send('news.today', 'rain'), receiving)
    expect(await receiving).toMatchObject({ topic: 'news.today', message: 'rain' })
  })

  it('of ours that is an XSUB subscribes at an XPUB of pyzmq, and sends upstream', async () => {
    await using xpub = await PyPeer.start('XPUB', 'bind', endpoint())
    await using subscriber = new ZMQXSubscriber(xpub.address)
    await subscriber.subscribe('a')
    expect(await xpub.receive()).toEqual([Buffer.from('\u0001a', 'latin1')])
    await xpub.send('abc')
    expect(await subscriber.receive()).toBe('abc')
    await subscriber.send('hello')
    expect(await xpub.receiveText()).toBe('hello')
    await subscriber.unsubscribe('a')
    expect(await xpub.receive()).toEqual([Buffer.from('\u0000a', 'latin1')])
  })
})
