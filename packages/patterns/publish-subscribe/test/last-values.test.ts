import { ZMQPublisher, ZMQSubscriber, ZMQXPublisher, ZMQXSubscriber } from '@troupe/publish-subscribe'
import { anyEndpoint, numbers, TRANSPORTS, take } from '@troupe/testing'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { told } from './joined.js'

const CACHE = { lastValueCache: true } as const
const FRAMED = { topicFrame: true } as const

const texts = (messages: { topic: string; message: string }[]) =>
  messages.map(({ topic, message }) => `${topic}=${message}`)

describe.each(TRANSPORTS)('a last value cache over %s', (transport) => {
  it('gives a late joiner the last value of each of its topics, once', async () => {
    await using publisher = new ZMQPublisher(anyEndpoint(transport), CACHE)
    for (const message of ['old', 'new']) {
      for (const topic of ['a.1', 'b.1', 'a.2']) await publisher.send(topic, message)
    }
    await using joiner = new ZMQSubscriber(await publisher.endpoint(), 'a.', FRAMED)
    expect(texts(await take(2, joiner))).toEqual(['a.1=new', 'a.2=new'])
    await publisher.send('a.1', 'newer')
    await publisher.send('b.1', 'newer')
    await publisher.send('a.2', 'newer')
    expect(texts(await take(2, joiner))).toEqual(['a.1=newer', 'a.2=newer'])
  })

  it('gives an early subscriber no second copy, whatever others join', async () => {
    await using publisher = new ZMQXPublisher(anyEndpoint(transport), CACHE)
    const address = await publisher.endpoint()
    for (const topic of ['a.1', 'a.2', 'b.1']) await publisher.send(topic, 'first')
    await using early = new ZMQSubscriber(address, 'a.', FRAMED)
    expect(texts(await take(2, early))).toEqual(['a.1=first', 'a.2=first'])
    await using other = new ZMQSubscriber(address, 'b.', FRAMED)
    expect(texts(await take(1, other))).toEqual(['b.1=first'])
    await using all = new ZMQSubscriber(address, '', FRAMED)
    expect(texts(await take(3, all))).toEqual(['a.1=first', 'a.2=first', 'b.1=first'])
    await told(publisher, 3)
    for (const prefix of ['a.', 'a.1', '', 'b.1']) {
      const joiner = new ZMQSubscriber(address, prefix, FRAMED)
      expect((await joiner.receive()).topic.startsWith(prefix)).toBe(true)
      await joiner.close()
      expect(await told(publisher, 2)).toEqual([`+${prefix}`, `-${prefix}`])
    }
    for (const topic of ['a.3', 'b.2']) await publisher.send(topic, 'last')
    expect(texts(await take(1, early))).toEqual(['a.3=last'])
    expect(texts(await take(1, other))).toEqual(['b.2=last'])
    expect(texts(await take(2, all))).toEqual(['a.3=last', 'b.2=last'])
  })

  it('gives a subscriber that widens its subscription what it does not have yet', async () => {
    await using publisher = new ZMQPublisher(anyEndpoint(transport), CACHE)
    for (const topic of ['a.1', 'a.2']) await publisher.send(topic, 'x')
    await using subscriber = new ZMQSubscriber(await publisher.endpoint(), 'a.1', FRAMED)
    expect(texts(await take(1, subscriber))).toEqual(['a.1=x'])
    await subscriber.subscribe('a.')
    expect(texts(await take(1, subscriber))).toEqual(['a.2=x'])
    await publisher.send('a.1', 'y')
    expect(texts(await take(1, subscriber))).toEqual(['a.1=y'])
  })

  it('gives many that join at the same moment the last value of their topic once', async () => {
    await using publisher = new ZMQPublisher(anyEndpoint(transport), CACHE)
    const address = await publisher.endpoint()
    for (const topic of ['a', 'b']) await publisher.send(topic, 'x')
    const joiners = numbers(30).map((number) => new ZMQSubscriber(address, Number(number) % 3 ? 'a' : 'b', FRAMED))
    const first = await Promise.all(joiners.map((joiner) => joiner.receive()))
    for (const topic of ['a', 'b']) await publisher.send(topic, 'y')
    const second = await Promise.all(joiners.map((joiner) => joiner.receive()))
    await Promise.all(joiners.map((joiner) => joiner.close()))
    expect(new Set(texts(first))).toEqual(new Set(['a=x', 'b=x']))
    expect(new Set(texts(second))).toEqual(new Set(['a=y', 'b=y']))
  })

  it('loses nothing and repeats nothing of what is sent while subscribers join', async () => {
    await using publisher = new ZMQPublisher(anyEndpoint(transport), CACHE)
    const address = await publisher.endpoint()
    let sent = 0
    const publish = async () => {
      await publisher.send('count', String(sent++))
      await new Promise(setImmediate)
    }
    await publish()
    for (let joiner = 0; joiner < 20; joiner++) {
      await using subscriber = new ZMQSubscriber(address, 'count', FRAMED)
      const receiving = take(30, subscriber)
      let done = false
      void receiving.then(() => {
        done = true
      })
      while (!done) await publish()
      const received = (await receiving).map(({ message }) => message)
      expect(received).toEqual(numbers(30, Number(received[0])))
    }
  })

  it('ends with the subscription', async () => {
    await using publisher = new ZMQXPublisher(anyEndpoint(transport), CACHE)
    await publisher.send('a', '1')
    await using subscriber = new ZMQXSubscriber(await publisher.endpoint(), FRAMED)
    await subscriber.subscribe('a')
    expect(texts(await take(1, subscriber))).toEqual(['a=1'])
    await subscriber.unsubscribe('a')
    expect(await told(publisher, 2)).toEqual(['+a', '-a'])
    await publisher.send('a', '2')
    await subscriber.subscribe('a')
    expect(await told(publisher)).toEqual(['+a'])
    // The new last value comes because it is subscribed to again, once.
    expect(texts(await take(1, subscriber))).toEqual(['a=2'])
    await publisher.send('a', '3')
    expect(texts(await take(1, subscriber))).toEqual(['a=3'])
  })

  it('of an XPUB serves subscribers though nobody receives the events, which are kept', async () => {
    await using publisher = new ZMQXPublisher(anyEndpoint(transport), CACHE)
    await publisher.send('a', '1')
    const subscriber = new ZMQSubscriber(await publisher.endpoint(), 'a', FRAMED)
    expect(texts(await take(1, subscriber))).toEqual(['a=1'])
    await subscriber.close()
    expect(await told(publisher, 2)).toEqual(['+a', '-a'])
    const receiving = told(publisher)
    await using another = new ZMQSubscriber(await publisher.endpoint(), 'a', FRAMED)
    expect(await receiving).toEqual(['+a'])
    expect(texts(await take(1, another))).toEqual(['a=1'])
  })

  it('keeps so many topics, and forgets that which was sent longest ago', async () => {
    await using publisher = new ZMQPublisher(anyEndpoint(transport), { ...CACHE, lastValueTopics: 2 })
    for (const topic of ['a', 'b', 'a', 'c']) await publisher.send(topic, 'x')
    await using subscriber = new ZMQSubscriber(await publisher.endpoint(), '', FRAMED)
    expect(texts(await take(2, subscriber))).toEqual(['a=x', 'c=x'])
    await publisher.send('mark', 'x')
    expect(texts(await take(1, subscriber))).toEqual(['mark=x'])
  })

  it('keeps messages as they were sent, with topics of any bytes', async () => {
    await using publisher = new ZMQPublisher(anyEndpoint(transport), { ...CACHE, codec: 'frames' })
    const part = Uint8Array.of(1, 2)
    const topic = Uint8Array.of(255, 0)
    await publisher.send(topic, [part, 'é'])
    part.fill(9)
    topic.fill(9)
    await using subscriber = new ZMQSubscriber(await publisher.endpoint(), Uint8Array.of(255), { codec: 'frames' })
    expect((await subscriber.receive()).map((frame) => [...frame])).toEqual([
      [255, 0],
      [1, 2],
      [195, 169],
    ])
  })

  it('has the last values of typed topics', async () => {
    const topics = { 'n.': z.number(), 't.': z.string() }
    await using publisher = new ZMQPublisher(anyEndpoint(transport), { ...CACHE, topics })
    await publisher.send('n.1', 1)
    await publisher.send('t.1', 'one')
    await using subscriber = new ZMQSubscriber(await publisher.endpoint(), undefined, { topics })
    expect((await take(2, subscriber)).sort((a, b) => a.key.localeCompare(b.key))).toEqual([
      { key: 'n.', topic: 'n.1', message: 1 },
      { key: 't.', topic: 't.1', message: 'one' },
    ])
  })
})

it('a last value cache refuses messages without a topic', async () => {
  await using publisher = new ZMQPublisher('inproc://topicless', CACHE)
  // @ts-expect-error a message without a topic
  await expect(publisher.send('message')).rejects.toMatchObject({ code: 'ENCODE_FAILED' })
})
