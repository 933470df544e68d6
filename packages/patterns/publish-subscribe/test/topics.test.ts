import type { Logger } from '@troupe/core'
import { ZMQPublisher, ZMQSubscriber, ZMQXPublisher, ZMQXSubscriber } from '@troupe/publish-subscribe'
import { anyEndpoint, TRANSPORTS, take } from '@troupe/testing'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import { told } from './joined.js'

const Weather = z.object({ degrees: z.number(), wind: z.number().default(0) })
const topics = { 'weather.': Weather, 'weather.note.': z.string(), news: z.string().min(1) }

describe.each(TRANSPORTS)('typed topics over %s', (transport) => {
  it('give each message with its topic, by the longest prefix that fits', async () => {
    await using publisher = new ZMQXPublisher(anyEndpoint(transport), { topics })
    await using subscriber = new ZMQSubscriber(await publisher.endpoint(), undefined, { topics })
    expect((await told(publisher, 3)).sort()).toEqual(['+news', '+weather.', '+weather.note.'])
    await publisher.send('weather.berlin', { degrees: 20 })
    await publisher.send('weather.note.berlin', 'rain')
    await publisher.send('newspaper', 'no rain')
    expect(await take(3, subscriber)).toEqual([
      { key: 'weather.', topic: 'weather.berlin', message: { degrees: 20, wind: 0 } },
      { key: 'weather.note.', topic: 'weather.note.berlin', message: 'rain' },
      { key: 'news', topic: 'newspaper', message: 'no rain' },
    ])
  })

  it('are refused by the sender if they have none of the prefixes, or the message does not fit', async () => {
    await using publisher = new ZMQPublisher(anyEndpoint(transport), { topics })
    const send = publisher.send as (...args: unknown[]) => Promise<void>
    await expect(send('sport', 'x')).rejects.toMatchObject({ code: 'INVALID_MESSAGE' })
    await expect(send('news', '')).rejects.toMatchObject({ code: 'INVALID_MESSAGE' })
    await expect(send('weather.note.x', { degrees: 1 })).rejects.toMatchObject({ code: 'INVALID_MESSAGE' })
    await expect(send('news')).rejects.toMatchObject({ code: 'ENCODE_FAILED' })
    await expect(send(7, 'x')).rejects.toMatchObject({ code: 'ENCODE_FAILED' })
    expect(publisher.stats.sent).toBe(0)
  })

  it('that are not known or whose message does not fit are skipped and counted by the receiver', async () => {
    const warnings: object[] = []
    const log = { child: () => log, warn: (facts: object) => warnings.push(facts) } as unknown as Logger
    await using publisher = new ZMQXPublisher(anyEndpoint(transport), { codec: 'frames' })
    await using subscriber = new ZMQSubscriber(await publisher.endpoint(), '', { topics, log })
    await told(publisher)
    const bad = [['sport', '"x"'], ['news', '""'], ['news', '{'], ['news'], ['news', '"x"', 'more'], ['\xff', '"x"']]
    for (const frames of bad) await publisher.send(frames)
    await publisher.send([Uint8Array.of(255), '"x"'])
    await publisher.send(['news', '"good"'])
    expect(await subscriber.receive()).toEqual({ key: 'news', topic: 'news', message: 'good' })
    expect(subscriber.stats).toEqual({ sent: 0, dropped: 0, received: 1, invalid: 7, denied: 0 })
    expect(warnings).toHaveLength(1)
  })

  it('that are not valid are thrown by the receive that they come to, if told to', async () => {
    await using publisher = new ZMQXPublisher(anyEndpoint(transport), { codec: 'frames' })
    await using subscriber = new ZMQXSubscriber(await publisher.endpoint(), { topics, onInvalid: 'throw' })
    await subscriber.subscribe('')
    await told(publisher)
    for (const frames of [['sport', '"x"'], ['news', '{'], ['news'], ['news', '"x"']]) await publisher.send(frames)
    await expect(subscriber.receive()).rejects.toMatchObject({ code: 'INVALID_MESSAGE' })
    await expect(subscriber.receive()).rejects.toMatchObject({ code: 'DECODE_FAILED' })
    await expect(subscriber.receive()).rejects.toMatchObject({ code: 'DECODE_FAILED' })
    expect(await subscriber.receive()).toMatchObject({ message: 'x' })
  })

  it('are carried by msgpack too', async () => {
    await using publisher = new ZMQXPublisher(anyEndpoint(transport), { topics, codec: 'msgpack' })
    await using subscriber = new ZMQSubscriber(await publisher.endpoint(), 'w', { topics, codec: 'msgpack' })
    await told(publisher)
    await publisher.send('weather.berlin', { degrees: 20, wind: 3 })
    expect(await subscriber.receive()).toMatchObject({ message: { degrees: 20, wind: 3 } })
  })
})

describe.each(TRANSPORTS)('a topic in a frame of its own over %s', (transport) => {
  it('is matched alone, and received with the message', async () => {
    await using publisher = new ZMQXPublisher(anyEndpoint(transport), { schema: Weather })
    await using subscriber = new ZMQSubscriber(await publisher.endpoint(), 'weather.', {
      schema: Weather,
      topicFrame: true,
    })
    await told(publisher)
    await publisher.send('sport', { degrees: 1 })
    await publisher.send('weather.berlin', { degrees: 20 })
    expect(await subscriber.receive()).toEqual({ topic: 'weather.berlin', message: { degrees: 20, wind: 0 } })
    await expect(publisher.send('weather.', { degrees: Number.NaN })).rejects.toMatchObject({ code: 'INVALID_MESSAGE' })
  })

  it('is sent without a schema too, also as bytes; and with undefined there is none', async () => {
    await using publisher = new ZMQXPublisher(anyEndpoint(transport))
    await using framed = new ZMQSubscriber(await publisher.endpoint(), 'a', { topicFrame: true })
    await told(publisher)
    await publisher.send('a.1', 'x')
    await publisher.send(Buffer.from('aé'), 'y')
    expect(await take(2, framed)).toEqual([
      { topic: 'a.1', message: 'x' },
      { topic: 'aé', message: 'y' },
    ])
    await publisher.send(undefined, 'a plain one', { timeoutMs: 1_000 })
    await publisher.send('a plain one')
    await publisher.send('a.2', 'z')
    expect(await framed.receive()).toEqual({ topic: 'a.2', message: 'z' })
    expect(framed.stats.invalid).toBe(2)
  })

  it('makes a message invalid for a subscriber that was not told of it', async () => {
    await using publisher = new ZMQXPublisher(anyEndpoint(transport))
    await using plain = new ZMQSubscriber(await publisher.endpoint(), 'a', { onInvalid: 'throw' })
    await told(publisher)
    await publisher.send('a.1', 'x')
    await publisher.send('a')
    await expect(plain.receive()).rejects.toMatchObject({ code: 'DECODE_FAILED' })
    expect(await plain.receive()).toBe('a')
    expect(plain.stats.invalid).toBe(1)
  })
})

describe.each(TRANSPORTS)('messages with a schema over %s', (transport) => {
  it('are validated by the sender and have their defaults at the receiver', async () => {
    await using publisher = new ZMQXPublisher(anyEndpoint(transport), { schema: Weather })
    await using subscriber = new ZMQSubscriber(await publisher.endpoint(), '', { schema: Weather })
    await told(publisher)
    await publisher.send({ degrees: 20 })
    expect(await subscriber.receive()).toEqual({ degrees: 20, wind: 0 })
    const wrong = { degrees: '20' } as unknown as { degrees: number }
    await expect(publisher.send(wrong)).rejects.toMatchObject({
      code: 'INVALID_MESSAGE',
      issues: [{ path: 'degrees' }],
    })
  })

  it('go upstream validated as well, and those that do not fit are skipped and counted', async () => {
    await using publisher = new ZMQXPublisher(anyEndpoint(transport), { schema: Weather })
    await using good = new ZMQXSubscriber(await publisher.endpoint(), { schema: Weather })
    await using bad = new ZMQXSubscriber(await publisher.endpoint())
    await bad.send('{')
    await bad.subscribe('after')
    expect(await told(publisher)).toEqual(['+after'])
    await good.send({ degrees: 1 })
    expect(await publisher.receive()).toEqual({ type: 'message', message: { degrees: 1, wind: 0 } })
    expect(publisher.stats.invalid).toBe(1)
  })
})

it('the types of both ends follow the options', async () => {
  await using plain = new ZMQSubscriber()
  await using bytes = new ZMQSubscriber(undefined, [], { codec: 'bytes' })
  await using checked = new ZMQSubscriber(undefined, [], { schema: Weather })
  await using framed = new ZMQXSubscriber(undefined, { topicFrame: true, schema: Weather })
  await using typed = new ZMQSubscriber(undefined, [], { topics })
  await using sender = new ZMQPublisher(undefined, { topics })
  await using text = new ZMQPublisher()
  await using weather = new ZMQXPublisher(undefined, { schema: Weather })
  const sockets = [plain, bytes, checked, framed, typed, sender, text, weather]
  expect(new Set(sockets.map(({ state }) => state)).size).toBe(1)
  expectTypeOf(plain.receive).returns.resolves.toEqualTypeOf<string>()
  expectTypeOf(bytes.receive).returns.resolves.toEqualTypeOf<Uint8Array>()
  expectTypeOf(checked.receive).returns.resolves.toEqualTypeOf<{ degrees: number; wind: number }>()
  type Framed = { readonly topic: string; readonly message: { degrees: number; wind: number } }
  expectTypeOf(framed.receive).returns.resolves.toEqualTypeOf<Framed>()
  expectTypeOf(typed.receive).returns.resolves.toEqualTypeOf<
    | {
        readonly key: 'weather.'
        readonly topic: `weather.${string}`
        readonly message: { degrees: number; wind: number }
      }
    | { readonly key: 'weather.note.'; readonly topic: `weather.note.${string}`; readonly message: string }
    | { readonly key: 'news'; readonly topic: `news${string}`; readonly message: string }
  >()
  expectTypeOf(weather.receive).returns.resolves.toExtend<
    | { type: 'subscribe' | 'unsubscribe'; topic: Uint8Array; text: string }
    | { type: 'message'; message: { degrees: number; wind: number } }
  >()
  const refuse = async (...sends: Promise<void>[]) => void (await Promise.allSettled(sends))
  void (() =>
    refuse(
      sender.send('weather.berlin', { degrees: 20 }),
      sender.send('weather.note.berlin', 'rain'),
      sender.send(`news.${String(Date.now())}`, 'x', { timeoutMs: 1 }),
      // @ts-expect-error the longest prefix says what the message is
      sender.send('weather.note.berlin', { degrees: 20 }),
      // @ts-expect-error no prefix fits
      sender.send('sport', 'x'),
      // @ts-expect-error the message is another topic's
      sender.send('weather.berlin', 'rain'),
      // @ts-expect-error there is no topic
      sender.send({ degrees: 20 }),
      text.send('x'),
      text.send('topic', 'x'),
      text.send(Buffer.from('topic'), 'x', { timeoutMs: 1 }),
      // @ts-expect-error a message is a string
      text.send('topic', { degrees: 20 }),
      // @ts-expect-error without a topic a message is a string
      text.send(7),
      weather.send({ degrees: 20 }),
      weather.send('topic', { degrees: 20 }),
      // @ts-expect-error a message is weather
      weather.send('topic', 'rain'),
    ))
  // @ts-expect-error subscribers do not send
  expect(plain.send).toBeUndefined()
  // @ts-expect-error publishers do not receive
  expect(text.receive).toBeUndefined()
})
