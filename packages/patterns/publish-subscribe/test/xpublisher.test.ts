import { ZMQPublisher, ZMQSubscriber, ZMQXPublisher, ZMQXSubscriber } from '@troupe/publish-subscribe'
import { anyEndpoint, TRANSPORTS } from '@troupe/testing'
import { describe, expect, it } from 'vitest'
import { told } from './joined.js'

const late = { code: 'TIMEOUT' }

describe.each(TRANSPORTS)('an XPUB over %s', (transport) => {
  it('is told of subscriptions that come and go, as bytes and as text (29/PUBSUB)', async () => {
    await using publisher = new ZMQXPublisher(anyEndpoint(transport))
    await using subscriber = new ZMQSubscriber(await publisher.endpoint(), 'é')
    const topic = Buffer.from('é')
    expect(await publisher.receive()).toEqual({ type: 'subscribe', topic, text: 'é' })
    await subscriber.subscribe(Uint8Array.of(0, 255))
    expect(await publisher.receive()).toMatchObject({ type: 'subscribe', topic: Buffer.from([0, 255]) })
    await subscriber.unsubscribe('é')
    expect(await publisher.receive()).toEqual({ type: 'unsubscribe', topic, text: 'é' })
  })

  it('is told once of what several subscribe to (29/PUBSUB)', async () => {
    await using publisher = new ZMQXPublisher(anyEndpoint(transport))
    await using one = new ZMQSubscriber(await publisher.endpoint(), 'a')
    expect(await told(publisher)).toEqual(['+a'])
    await using two = new ZMQSubscriber(await publisher.endpoint(), ['a', 'mark'])
    expect(await told(publisher)).toEqual(['+mark'])
    await one.unsubscribe('a')
    await one.subscribe('another mark')
    expect(await told(publisher)).toEqual(['+another mark'])
    await two.unsubscribe('a')
    expect(await told(publisher)).toEqual(['-a'])
  })

  it('with verbosity subscriptions is told of each that begins, and of the last that ends (29/PUBSUB)', async () => {
    await using publisher = new ZMQXPublisher(anyEndpoint(transport), { verbosity: 'subscriptions' })
    await using one = new ZMQSubscriber(await publisher.endpoint(), 'a')
    expect(await told(publisher)).toEqual(['+a'])
    await using two = new ZMQSubscriber(await publisher.endpoint(), 'a')
    expect(await told(publisher)).toEqual(['+a'])
    await one.unsubscribe('a')
    await one.subscribe('mark')
    expect(await told(publisher)).toEqual(['+mark'])
    await two.unsubscribe('a')
    expect(await told(publisher)).toEqual(['-a'])
  })

  it('with verbosity all is told of every beginning and end (29/PUBSUB)', async () => {
    await using publisher = new ZMQXPublisher(anyEndpoint(transport), { verbosity: 'all' })
    await using one = new ZMQSubscriber(await publisher.endpoint(), 'a')
    expect(await told(publisher)).toEqual(['+a'])
    await using two = new ZMQSubscriber(await publisher.endpoint(), 'a')
    expect(await told(publisher)).toEqual(['+a'])
    await one.unsubscribe('a')
    expect(await told(publisher)).toEqual(['-a'])
    await two.unsubscribe('a')
    expect(await told(publisher)).toEqual(['-a'])
  })

  it('is told that the subscriptions of a peer end when it has gone (29/PUBSUB)', async () => {
    await using publisher = new ZMQXPublisher(anyEndpoint(transport))
    const subscriber = new ZMQSubscriber(await publisher.endpoint(), ['a', 'b'])
    await told(publisher, 2)
    await subscriber.close()
    expect((await told(publisher, 2)).sort()).toEqual(['-a', '-b'])
  })

  it('by iteration gives every event, and ends when it is closed', async () => {
    const publisher = new ZMQXPublisher(anyEndpoint(transport))
    await using subscriber = new ZMQSubscriber(await publisher.endpoint(), 'a')
    const seen: string[] = []
    for await (const event of publisher) {
      seen.push(event.type)
      if (event.type === 'subscribe') await subscriber.unsubscribe('a')
      else await publisher.close()
    }
    expect(seen).toEqual(['subscribe', 'unsubscribe'])
  })

  it('gives a new peer its welcome message first (29/PUBSUB)', async () => {
    await using publisher = new ZMQXPublisher(anyEndpoint(transport), { welcomeMessage: 'welcome' })
    await using subscriber = new ZMQSubscriber(await publisher.endpoint(), ['welcome', 'a'])
    await told(publisher, 2)
    await publisher.send('a')
    expect([await subscriber.receive(), await subscriber.receive()]).toEqual(['welcome', 'a'])
  })

  it('with manual lets a subscription count only once it is accepted (29/PUBSUB)', async () => {
    await using publisher = new ZMQXPublisher(anyEndpoint(transport), { manual: true })
    await using subscriber = new ZMQSubscriber(await publisher.endpoint(), 'a')
    const event = await publisher.receive()
    await publisher.send('a 1')
    if (event.type !== 'message') publisher.accept(event)
    await publisher.send('a 2')
    expect(await subscriber.receive()).toBe('a 2')
    await subscriber.unsubscribe('a')
    const end = await publisher.receive()
    expect(end).toMatchObject({ type: 'unsubscribe', text: 'a' })
  })

  it('with manual decides what a peer gets, whatever it asked for (29/PUBSUB)', async () => {
    await using publisher = new ZMQXPublisher(anyEndpoint(transport), { manual: true })
    await using subscriber = new ZMQXSubscriber(await publisher.endpoint())
    await subscriber.subscribe('a')
    const event = await publisher.receive()
    if (event.type !== 'message') publisher.accept(event, 'b')
    for (const message of ['a 1', 'b 1']) await publisher.send(message)
    expect(await subscriber.receive()).toBe('b 1')
    await subscriber.unsubscribe('a')
    const end = await publisher.receive()
    if (end.type !== 'message') publisher.accept(end, 'b')
    await publisher.send('b 2')
    await expect(subscriber.receive({ timeoutMs: 50 })).rejects.toMatchObject(late)
  })

  it('accepts only the subscription that it has received last, and only with manual', async () => {
    await using publisher = new ZMQXPublisher(anyEndpoint(transport), { manual: true })
    await using automatic = new ZMQXPublisher(anyEndpoint(transport))
    const both = `${await publisher.endpoint()},${await automatic.endpoint()}`
    await using subscriber = new ZMQSubscriber(both, ['a', 'b'])
    const events = [await publisher.receive(), await publisher.receive(), await automatic.receive()] as const
    const [first, second, other] = events.map((event) => (event.type === 'message' ? undefined : event))
    expect(() => publisher.accept(first!)).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS' }))
    expect(() => automatic.accept(other!)).toThrow(/manual: true/)
    publisher.accept(second!)
    await publisher.send(second!.text)
    expect(await subscriber.receive()).toBe(second!.text)
    await publisher.close()
    expect(() => publisher.accept(second!)).toThrow(expect.objectContaining({ code: 'CLOSED' }))
  })

  it('receives what an XSUB sends upstream, as every XPUB of that does (29/PUBSUB)', async () => {
    await using one = new ZMQXPublisher(anyEndpoint(transport))
    await using two = new ZMQXPublisher(anyEndpoint(transport))
    await using subscriber = new ZMQXSubscriber(`${await one.endpoint()},${await two.endpoint()}`)
    await subscriber.subscribe('a')
    for (const publisher of [one, two]) expect(await told(publisher)).toEqual(['+a'])
    await subscriber.send('upstream')
    for (const publisher of [one, two]) {
      expect(await publisher.receive()).toEqual({ type: 'message', message: 'upstream' })
    }
    expect(subscriber.stats.sent).toBe(2)
  })
})

describe.each(TRANSPORTS)('a PUB over %s', (transport) => {
  it('shows no subscriptions, and lets what comes upstream drop (29/PUBSUB)', async () => {
    await using publisher = new ZMQPublisher(anyEndpoint(transport))
    await using subscriber = new ZMQXSubscriber(await publisher.endpoint())
    await subscriber.send('upstream')
    await subscriber.subscribe('a')
    expect('receive' in publisher).toBe(false)
    const receiving = subscriber.receive()
    let isThere = false
    void receiving.then(() => {
      isThere = true
    })
    while (!isThere) {
      await publisher.send('a')
      await new Promise(setImmediate)
    }
    expect(await receiving).toBe('a')
    expect(publisher.stats).toMatchObject({ received: 0, invalid: 0 })
  })
})
