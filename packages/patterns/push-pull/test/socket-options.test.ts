import { DuplexOptions, type ReceivingOptions, type SendingOptions } from '@troupe/core'
import { ZMQPull, ZMQPush } from '@troupe/push-pull'
import { expect, it } from 'vitest'

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
} as const satisfies SendingOptions & ReceivingOptions
const SENDING = { sendHighWaterMark: 1, sendBufferBytes: 4_096, sendQueueLimit: 1 } as const
const RECEIVING = { receiveHighWaterMark: 1, receiveBufferBytes: 4_096, onInvalid: 'throw' } as const

it('libzmq takes each option, and messages flow with all of them', async () => {
  // Whose effects are shown elsewhere, for they need more than two sockets.
  const elsewhere = ['schema', 'codec', 'log', 'security', 'networkDevice', 'socksProxy']
  const here = [...Object.keys(COMMON), ...Object.keys(SENDING), ...Object.keys(RECEIVING), ...elsewhere]
  expect(here.sort()).toEqual(Object.keys(DuplexOptions.shape).sort())
  await using pull = new ZMQPull('tcp://127.0.0.1:*', { ...COMMON, ...RECEIVING })
  await using push = new ZMQPush(await pull.endpoint(), { ...COMMON, ...SENDING })
  await push.send('x')
  expect(await pull.receive()).toBe('x')
})

it.each([
  { unknown: 1 },
  { lingerMs: -2 },
  { lingerMs: 1.5 },
  { lingerMs: '1000' },
  { sendHighWaterMark: -1 },
  { sendQueueLimit: 0 },
  { codec: 'xml' },
  { schema: {} },
  { log: console },
  { tcpKeepalive: 2 },
  { typeOfService: 256 },
  { heartbeatTimeToLiveMs: 6_553_600 },
  { maxMessageBytes: -2 },
])('refuses %j by name', (wrong) => {
  const [name] = Object.keys(wrong)
  expect(() => new ZMQPush(undefined, wrong as SendingOptions)).toThrow(
    expect.objectContaining({ code: 'INVALID_OPTIONS', message: expect.stringContaining(name!) }),
  )
})

it('has no options of the other direction', () => {
  const ofPush = SENDING as ReceivingOptions
  const ofPull = RECEIVING as SendingOptions
  expect(() => new ZMQPull(undefined, ofPush)).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS' }))
  expect(() => new ZMQPush(undefined, ofPull)).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS' }))
})
