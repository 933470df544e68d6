import type { Logger } from '@troupe/core'
import { ZMQPull, ZMQPush } from '@troupe/push-pull'
import { anyEndpoint, TRANSPORTS } from '@troupe/testing'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { z } from 'zod'

const Order = z.object({ item: z.string().min(1), count: z.number().int().default(1) })

describe.each(TRANSPORTS)('messages with a schema over %s', (transport) => {
  it('are validated by the sender and have their defaults at the receiver', async () => {
    await using pull = new ZMQPull(anyEndpoint(transport), { schema: Order })
    await using push = new ZMQPush(await pull.endpoint(), { schema: Order })
    await push.send({ item: 'tea' })
    expect(await pull.receive()).toEqual({ item: 'tea', count: 1 })
    await expect(push.send({ item: '' })).rejects.toMatchObject({
      code: 'INVALID_MESSAGE',
      issues: [{ path: 'item' }],
    })
    expect(push.stats.sent).toBe(1)
  })

  it('that are not valid are skipped and counted by the receiver, which goes on', async () => {
    const warnings: object[] = []
    const log = { child: () => log, warn: (facts: object) => warnings.push(facts) } as unknown as Logger
    await using pull = new ZMQPull(anyEndpoint(transport), { schema: Order, log })
    await using push = new ZMQPush(await pull.endpoint(), { codec: 'frames' })
    for (const bad of ['{"item":""}', '{', '\xff', '']) await push.send([bad])
    await push.send(['{"item":"tea"}', 'and more'])
    await push.send(['{"item":"milk"}'])
    expect(await pull.receive()).toEqual({ item: 'milk', count: 1 })
    expect(pull.stats).toEqual({ sent: 0, dropped: 0, received: 1, invalid: 5, denied: 0 })
    // Once for the burst, not once for each.
    expect(warnings).toEqual([{ socket: 'pull socket', invalid: 1, err: expect.anything() }])
  })

  it('that are not valid are thrown by the receive that they come to, if told to', async () => {
    await using pull = new ZMQPull(anyEndpoint(transport), { schema: Order, onInvalid: 'throw' })
    await using push = new ZMQPush(await pull.endpoint())
    for (const message of ['{"item":""}', '{', '{"item":"tea"}']) await push.send(message)
    await expect(pull.receive()).rejects.toMatchObject({ code: 'INVALID_MESSAGE' })
    await expect(pull.receive()).rejects.toMatchObject({ code: 'DECODE_FAILED' })
    expect(await pull.receive()).toEqual({ item: 'tea', count: 1 })
    expect(pull.stats.invalid).toBe(2)
  })

  it.each(['json', 'msgpack'] as const)('are carried by %s', async (codec) => {
    await using pull = new ZMQPull(anyEndpoint(transport), { schema: Order, codec })
    await using push = new ZMQPush(await pull.endpoint(), { schema: Order, codec })
    await push.send({ item: 'tea', count: 3 })
    expect(await pull.receive()).toEqual({ item: 'tea', count: 3 })
  })
})

it('an invalid message throws out of an iteration, if told to', async () => {
  await using pull = new ZMQPull('inproc://iterated', { codec: 'json', onInvalid: 'throw' })
  await using push = new ZMQPush('inproc://iterated')
  await push.send('{')
  const iterating = (async () => {
    for await (const _ of pull) expect.unreachable()
  })()
  await expect(iterating).rejects.toMatchObject({ code: 'DECODE_FAILED' })
})

it('a value that cannot be encoded is refused before it is sent', async () => {
  await using push = new ZMQPush('@inproc://refusing', { codec: 'json' })
  await expect(push.send(undefined)).rejects.toMatchObject({ code: 'ENCODE_FAILED' })
  await expect(push.send(1n)).rejects.toMatchObject({ code: 'ENCODE_FAILED', cause: expect.any(TypeError) })
  expect(push.stats.sent).toBe(0)
})

it('the types of both ends follow the options', async () => {
  await using orders = new ZMQPull(undefined, { schema: Order })
  await using sender = new ZMQPush(undefined, { schema: Order })
  await using text = new ZMQPull()
  await using bytes = new ZMQPull(undefined, { codec: 'bytes', lingerMs: 0 })
  await using frames = new ZMQPush(undefined, { codec: 'frames' })
  await using json = new ZMQPull(undefined, { codec: 'json' })
  expect([orders, sender, text, bytes, frames, json].map(({ stats }) => stats.received)).toEqual([0, 0, 0, 0, 0, 0])
  expectTypeOf(orders.receive).returns.resolves.toEqualTypeOf<{ item: string; count: number }>()
  expectTypeOf(sender.send).parameter(0).toEqualTypeOf<{ item: string; count?: number | undefined }>()
  expectTypeOf(text.receive).returns.resolves.toEqualTypeOf<string>()
  expectTypeOf(bytes.receive).returns.resolves.toEqualTypeOf<Uint8Array>()
  expectTypeOf(frames.send).parameter(0).toEqualTypeOf<readonly (string | Uint8Array)[]>()
  expectTypeOf(json.receive).returns.resolves.toEqualTypeOf<unknown>()
})
