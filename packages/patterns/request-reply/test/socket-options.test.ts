import { ReplyOptions, RequestOptions } from '@troupe/core'
import { ZMQReply, ZMQRequest } from '@troupe/request-reply'
import { expect, it } from 'vitest'

const COMMON = {
  lingerMs: 0,
  maxMessageBytes: 1_000,
  immediate: true,
  ipv6: true,
  backlog: 5,
  connectTimeoutMs: 1_000,
  reconnectIntervalMs: -1,
  reconnectMaxIntervalMs: 100,
  handshakeTimeoutMs: 1_000,
  heartbeatIntervalMs: 100,
  heartbeatTimeoutMs: 1_000,
  heartbeatTimeToLiveMs: 1_000,
  tcpKeepalive: 1,
  tcpKeepaliveIdleSeconds: 10,
  tcpKeepaliveIntervalSeconds: 10,
  tcpKeepaliveCount: 10,
  tcpMaxRetransmitTimeoutMs: 1_000,
  typeOfService: 8,
  ioThreadAffinity: 1,
  insecure: true,
  maxConnections: 100,
  sendHighWaterMark: 1,
  sendBufferBytes: 4_096,
  sendQueueLimit: 1,
  receiveHighWaterMark: 1,
  receiveBufferBytes: 4_096,
  onInvalid: 'throw',
  routingId: 'me',
  outOfOrder: 'throw',
} as const satisfies ReplyOptions
const ASKING = { correlate: true, relaxed: true, probeRouter: false } as const satisfies RequestOptions
const ELSEWHERE = ['schema', 'codec', 'log', 'security', 'networkDevice', 'socksProxy']

it('libzmq takes each option, and messages flow with all of them', async () => {
  const common = [...Object.keys(COMMON), ...ELSEWHERE]
  expect(common.sort()).toEqual(Object.keys(ReplyOptions.shape).sort())
  expect([...common, ...Object.keys(ASKING)].sort()).toEqual(Object.keys(RequestOptions.shape).sort())
  await using reply = new ZMQReply('tcp://127.0.0.1:*', COMMON)
  await using request = new ZMQRequest(await reply.endpoint(), { ...COMMON, ...ASKING })
  await request.send('x')
  expect(await reply.receive()).toBe('x')
  await reply.send('y')
  expect(await request.receive()).toBe('y')
})

it.each([
  { unknown: 1 },
  { outOfOrder: 'warn' },
  { correlate: 1 },
  { relaxed: 'yes' },
  { routingId: '' },
  { routingId: 'x'.repeat(256) },
  { routingId: new Uint8Array([0, 1]) },
  { onInvalid: 'ignore' },
  { conflate: true },
])('a request refuses %j by name', (wrong) => {
  const [name] = Object.keys(wrong)
  expect(() => new ZMQRequest(undefined, wrong as RequestOptions)).toThrow(
    expect.objectContaining({ code: 'INVALID_OPTIONS', message: expect.stringContaining(name!) }),
  )
})

it.each([{ correlate: true }, { relaxed: true }, { probeRouter: true }])('a reply has no option %j', (wrong) => {
  expect(() => new ZMQReply(undefined, wrong as ReplyOptions)).toThrow(
    expect.objectContaining({ code: 'INVALID_OPTIONS', message: expect.stringContaining(Object.keys(wrong)[0]!) }),
  )
})
