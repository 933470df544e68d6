import { PublisherOptions, SubscriberOptions, XPublisherOptions, XSubscriberOptions } from '@troupe/core'
import { ZMQPublisher, ZMQSubscriber, ZMQXPublisher, ZMQXSubscriber } from '@troupe/publish-subscribe'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { told } from './joined.js'

const COMMON = {
  lingerMs: 0,
  maxMessageBytes: 1_000,
  immediate: true,
  ipv6: true,
  backlog: 5,
  connectTimeoutMs: 100,
  reconnectIntervalMs: -1,
  reconnectMaxIntervalMs: 100,
  handshakeTimeoutMs: 100,
  heartbeatIntervalMs: 100,
  heartbeatTimeoutMs: 100,
  heartbeatTimeToLiveMs: 100,
  tcpKeepalive: 1,
  tcpKeepaliveIdleSeconds: 10,
  tcpKeepaliveIntervalSeconds: 10,
  tcpKeepaliveCount: 10,
  tcpMaxRetransmitTimeoutMs: 1_000,
  typeOfService: 8,
  ioThreadAffinity: 1,
  insecure: true,
  maxConnections: 100,
} as const
const SENDING = { sendHighWaterMark: 10, sendBufferBytes: 4_096, sendQueueLimit: 10 } as const
const RECEIVING = { receiveHighWaterMark: 10, receiveBufferBytes: 4_096, onInvalid: 'throw' } as const
const PUBLISHING = { noDrop: true, invertMatching: false, lastValueCache: false, lastValueTopics: 5 } as const
const OTHERS = ['schema', 'codec', 'log', 'security', 'topics', 'networkDevice', 'socksProxy']

it('libzmq takes each option, and messages flow with all of them', async () => {
  const publisher = { ...COMMON, ...SENDING, ...PUBLISHING, conflate: false } as const
  const xpublisher = {
    ...COMMON,
    ...SENDING,
    ...RECEIVING,
    ...PUBLISHING,
    verbosity: 'all',
    manual: false,
    welcomeMessage: Buffer.from('w'),
  } as const
  const subscriber = { ...COMMON, ...RECEIVING, invertMatching: false, conflate: false, topicFrame: false } as const
  const xsubscriber = { ...COMMON, ...SENDING, ...RECEIVING, topicFrame: false } as const
  const named = [publisher, xpublisher, subscriber, xsubscriber].map((one) => [...Object.keys(one), ...OTHERS].sort())
  const known = [PublisherOptions, XPublisherOptions, SubscriberOptions, XSubscriberOptions]
  expect(named).toEqual(known.map(({ shape }) => Object.keys(shape).sort()))
  await using one = new ZMQPublisher('tcp://127.0.0.1:*', publisher)
  await using two = new ZMQXPublisher('tcp://127.0.0.1:*', xpublisher)
  const both = `${await one.endpoint()},${await two.endpoint()}`
  await using plain = new ZMQSubscriber(both, 'x', subscriber)
  await using extended = new ZMQXSubscriber(both, xsubscriber)
  await extended.subscribe('x')
  expect(await told(two, 2)).toEqual(['+x', '+x'])
  await two.send('x')
  // The welcome is for whoever has subscribed to it; an XSUB does not look.
  expect(await plain.receive()).toBe('x')
  expect([await extended.receive(), await extended.receive()]).toEqual(['w', 'x'])
})

const refused = (name: string) =>
  expect.objectContaining({ code: 'INVALID_OPTIONS', message: expect.stringContaining(name) })

it.each([
  { unknown: 1 },
  { topics: { a: {} } },
  { topics: [] },
  { verbosity: 'loud' },
  { manual: 1 },
  { noDrop: 'yes' },
  { lastValueTopics: 0 },
  { welcomeMessage: 7 },
])('an XPUB refuses %j by name', (wrong) => {
  expect(() => new ZMQXPublisher(undefined, wrong as XPublisherOptions)).toThrow(refused(Object.keys(wrong)[0]!))
})

it.each([
  { topics: { a: z.string() }, schema: z.string() },
  { lastValueCache: true, invertMatching: true },
  { lastValueCache: true, manual: true },
  { verbosity: 'all', lastValueCache: true },
  { verbosity: 'all', manual: true },
] as const)('an XPUB refuses options that contradict each other: %j', (wrong) => {
  const [first, second] = Object.keys(wrong)
  const both = expect.objectContaining({ message: expect.stringContaining(`${first}: cannot be with ${second}`) })
  expect(() => new ZMQXPublisher(undefined, wrong)).toThrow(both)
})

it.each([
  { conflate: true, topics: { a: z.string() } },
  { conflate: true, lastValueCache: true },
] as const)('a PUB refuses options that contradict each other: %j', (wrong) => {
  expect(() => new ZMQPublisher(undefined, wrong)).toThrow(refused('conflate'))
})

it('a SUB refuses conflate with a topic frame, and each socket the options of the others', () => {
  expect(() => new ZMQSubscriber(undefined, [], { conflate: true, topicFrame: true })).toThrow(refused('conflate'))
  // @ts-expect-error an option of publishers
  expect(() => new ZMQSubscriber(undefined, [], { noDrop: true })).toThrow(refused('noDrop'))
  // @ts-expect-error an option of XPUB
  expect(() => new ZMQPublisher(undefined, { manual: true })).toThrow(refused('manual'))
  // @ts-expect-error an option of subscribers
  expect(() => new ZMQPublisher(undefined, { topicFrame: true })).toThrow(refused('topicFrame'))
  // @ts-expect-error XSUB has none
  expect(() => new ZMQXSubscriber(undefined, { conflate: true })).toThrow(refused('conflate'))
})

it('a prefix that is neither text nor bytes is refused', async () => {
  const seven = 7 as unknown as string
  expect(() => new ZMQSubscriber(undefined, [seven])).toThrow(refused('prefix'))
  await using subscriber = new ZMQSubscriber()
  await using extended = new ZMQXSubscriber()
  for (const socket of [subscriber, extended]) {
    await expect(socket.subscribe(seven)).rejects.toEqual(refused('prefix'))
    await expect(socket.unsubscribe(seven)).rejects.toEqual(refused('prefix'))
  }
})
