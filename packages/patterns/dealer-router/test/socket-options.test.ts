import { DealerOptions, RouterOptions } from '@troupe/core'
import { ZMQDealer, ZMQRouter } from '@troupe/dealer-router'
import { expect, it } from 'vitest'

const COMMON = {
  lingerMs: 0,
  maxMessageBytes: 1_000,
  ipv6: true,
  backlog: 5,
  connectTimeoutMs: 1_000,
  reconnectIntervalMs: 10,
  reconnectMaxIntervalMs: 100,
  handshakeTimeoutMs: 1_000,
  heartbeatIntervalMs: 1_000,
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
  immediate: true,
  sendHighWaterMark: 1,
  sendBufferBytes: 4_096,
  sendQueueLimit: 1,
  receiveHighWaterMark: 1,
  receiveBufferBytes: 4_096,
  onInvalid: 'throw',
  routingId: 'me',
  delimiter: true,
  packed: false,
} as const satisfies DealerOptions & RouterOptions
const DEALER = { ...COMMON, probeRouter: true, conflate: false } as const satisfies DealerOptions
const ROUTER = { ...COMMON, probeRouter: false, mandatory: true, handover: true } as const satisfies RouterOptions
const MESSAGES = ['schema', 'codec', 'log', 'security', 'networkDevice', 'socksProxy']

it('libzmq takes each option, and messages flow with all of them', async () => {
  expect([...Object.keys(DEALER), ...MESSAGES].sort()).toEqual(Object.keys(DealerOptions.shape).sort())
  expect([...Object.keys(ROUTER), ...MESSAGES].sort()).toEqual(Object.keys(RouterOptions.shape).sort())
  await using router = new ZMQRouter('tcp://127.0.0.1:*', ROUTER)
  await using dealer = new ZMQDealer(await router.endpoint(), DEALER)
  await dealer.send('x')
  // The probe: it has no delimiter.
  await expect(router.receive()).rejects.toMatchObject({ code: 'DECODE_FAILED' })
  const envelope = await router.receive()
  expect([String(envelope.routingId), envelope.message]).toEqual(['me', 'x'])
  await router.send(envelope)
  expect(await dealer.receive()).toBe('x')
})

it.each([
  { unknown: 1 },
  { routingId: '' },
  { routingId: 'x'.repeat(256) },
  { routingId: Buffer.from([0, 1]) },
  { routingId: 7 },
  { probeRouter: 1 },
  { delimiter: 'yes' },
  { lingerMs: -2 },
  { codec: 'xml' },
])('both refuse %j by name', (wrong) => {
  const [name] = Object.keys(wrong)
  const refusal = expect.objectContaining({ code: 'INVALID_OPTIONS', message: expect.stringContaining(name!) })
  expect(() => new ZMQDealer(undefined, wrong as DealerOptions)).toThrow(refusal)
  expect(() => new ZMQRouter(undefined, wrong as RouterOptions)).toThrow(refusal)
})

it('neither has the options of the other alone', () => {
  const refusal = expect.objectContaining({ code: 'INVALID_OPTIONS' })
  expect(() => new ZMQDealer(undefined, { mandatory: true } as DealerOptions)).toThrow(refusal)
  expect(() => new ZMQDealer(undefined, { handover: true } as DealerOptions)).toThrow(refusal)
  expect(() => new ZMQRouter(undefined, { conflate: true } as RouterOptions)).toThrow(refusal)
})

it.each(['tcp://127.0.0.1', 'http://x', '', 'ipc://'])('%j is refused by both constructors', (endpoint) => {
  const refusal = expect.objectContaining({ code: 'INVALID_ENDPOINT' })
  expect(() => new ZMQDealer(endpoint)).toThrow(refusal)
  expect(() => new ZMQRouter(endpoint)).toThrow(refusal)
})
