import type { Logger } from '@troupe/core'
import { type Envelope, ZMQDealer, ZMQRouter } from '@troupe/dealer-router'
import { anyEndpoint, TRANSPORTS } from '@troupe/testing'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { z } from 'zod'

const Order = z.object({ item: z.string().min(1), count: z.number().int().default(1) })

describe.each(TRANSPORTS)('messages with a schema over %s', (transport) => {
  it('are validated by the sender and have their defaults at the receiver, both ways', async () => {
    await using router = new ZMQRouter(anyEndpoint(transport), { schema: Order })
    await using dealer = new ZMQDealer(await router.endpoint(), { schema: Order })
    await dealer.send({ item: 'tea' })
    const { routingId, message } = await router.receive()
    expect(message).toEqual({ item: 'tea', count: 1 })
    await router.send({ routingId, message: { item: 'cake' } })
    expect(await dealer.receive()).toEqual({ item: 'cake', count: 1 })
    const invalid = { code: 'INVALID_MESSAGE', issues: [{ path: 'item' }] }
    await expect(dealer.send({ item: '' })).rejects.toMatchObject(invalid)
    await expect(router.send({ routingId, message: { item: '' } })).rejects.toMatchObject(invalid)
    expect([dealer.stats.sent, router.stats.sent]).toEqual([1, 1])
  })

  it('that are not valid are skipped and counted by the receiver, which goes on', async () => {
    const warnings: object[] = []
    const log = { child: () => log, warn: (facts: object) => warnings.push(facts) } as unknown as Logger
    await using router = new ZMQRouter(anyEndpoint(transport), { schema: Order, log })
    await using dealer = new ZMQDealer(await router.endpoint(), { codec: 'frames' })
    for (const bad of ['{"item":""}', '{', '']) await dealer.send([bad])
    await dealer.send(['{"item":"tea"}', 'and more'])
    await dealer.send(['{"item":"milk"}'])
    expect(await router.receive()).toMatchObject({ message: { item: 'milk', count: 1 } })
    expect(router.stats).toEqual({ sent: 0, dropped: 0, received: 1, invalid: 4, denied: 0 })
    expect(warnings).toEqual([{ socket: 'router socket', invalid: 1, err: expect.anything() }])
  })

  it('that are not valid are thrown by the receive that they come to, if told to', async () => {
    const options = { schema: Order, onInvalid: 'throw' } as const
    await using router = new ZMQRouter(anyEndpoint(transport), options)
    await using dealer = new ZMQDealer(await router.endpoint())
    for (const message of ['{"item":""}', '{', '{"item":"tea"}']) await dealer.send(message)
    await expect(router.receive()).rejects.toMatchObject({ code: 'INVALID_MESSAGE' })
    await expect(router.receive()).rejects.toMatchObject({ code: 'DECODE_FAILED' })
    expect(await router.receive()).toMatchObject({ message: { item: 'tea', count: 1 } })
  })

  it.each(['json', 'msgpack'] as const)('are carried by %s', async (codec) => {
    await using router = new ZMQRouter(anyEndpoint(transport), { schema: Order, codec })
    await using dealer = new ZMQDealer(await router.endpoint(), { schema: Order, codec })
    await dealer.send({ item: 'tea', count: 3 })
    const envelope = await router.receive()
    await router.send(envelope)
    expect(await dealer.receive()).toEqual({ item: 'tea', count: 3 })
  })
})

const someone = Buffer.from('someone')

it.each([
  ['nothing', undefined],
  ['null', null],
  ['a message alone', 'hello'],
  ['no routing id', { message: 'hello' }],
  ['an empty routing id', { routingId: Buffer.alloc(0), message: 'hello' }],
  ['a routing id of 256 bytes', { routingId: Buffer.alloc(256, 1), message: 'hello' }],
  ['a routing id that is text', { routingId: 'someone', message: 'hello' }],
  ['no message', { routingId: someone }],
  ['a message that the codec cannot say', { routingId: someone, message: 1 }],
])('an envelope with %s is refused before it is sent', async (_, envelope) => {
  await using router = new ZMQRouter('inproc://refusing')
  await expect(router.send(envelope as unknown as Envelope<string>)).rejects.toMatchObject({ code: 'ENCODE_FAILED' })
  expect(router.stats).toMatchObject({ sent: 0, dropped: 0 })
})

it('the types of both follow the options', async () => {
  await using orders = new ZMQRouter(undefined, { schema: Order })
  await using text = new ZMQRouter()
  await using dealer = new ZMQDealer(undefined, { schema: Order, routingId: 'x' })
  await using frames = new ZMQDealer(undefined, { codec: 'frames' })
  expect([orders, text, dealer, frames].map(({ stats }) => stats.sent)).toEqual([0, 0, 0, 0])
  type Out = { item: string; count: number }
  type In = { item: string; count?: number | undefined }
  expectTypeOf(orders.receive).returns.resolves.toEqualTypeOf<Envelope<Out>>()
  expectTypeOf(orders.send).parameter(0).toEqualTypeOf<Envelope<In>>()
  expectTypeOf(text.receive).returns.resolves.toEqualTypeOf<{
    readonly routingId: Uint8Array
    readonly message: string
  }>()
  expectTypeOf(dealer.receive).returns.resolves.toEqualTypeOf<Out>()
  expectTypeOf(dealer.send).parameter(0).toEqualTypeOf<In>()
  expectTypeOf(frames.receive).returns.resolves.toEqualTypeOf<Uint8Array[]>()
  // @ts-expect-error an envelope needs its routing id
  await expect(text.send({ message: 'x' })).rejects.toMatchObject({ code: 'ENCODE_FAILED' })
})
