import { ZMQPair } from '@troupe/pair'
import { anyEndpoint, TRANSPORTS } from '@troupe/testing'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import { pairOf } from './pair-of.js'

const Move = z.object({ from: z.string().length(2), to: z.string().length(2), check: z.boolean().default(false) })

describe.each(TRANSPORTS)('a pair over %s', (transport) => {
  it.each([undefined, 'json', 'msgpack'] as const)('has one schema for both ways, by the codec %s', async (codec) => {
    await using both = await pairOf(transport, { schema: Move, ...(codec !== undefined && { codec }) })
    const { here, there } = both
    await Promise.all([here.send({ from: 'e2', to: 'e4' }), there.send({ from: 'e7', to: 'e5', check: true })])
    expect(await there.receive()).toEqual({ from: 'e2', to: 'e4', check: false })
    expect(await here.receive()).toEqual({ from: 'e7', to: 'e5', check: true })
    for (const pair of [here, there]) {
      await expect(pair.send({ from: 'e', to: 'e4' })).rejects.toMatchObject({
        code: 'INVALID_MESSAGE',
        issues: [{ path: 'from' }],
      })
      expect(pair.stats).toEqual({ sent: 1, dropped: 0, received: 1, invalid: 0, denied: 0 })
    }
  })

  it('skips what is not valid and counts it, and can answer', async () => {
    await using typed = new ZMQPair(`@${anyEndpoint(transport)}`, { schema: Move })
    await using raw = new ZMQPair(await typed.endpoint())
    for (const bad of ['{"from":"e2"}', '{']) await raw.send(bad)
    await raw.send('{"from":"e2","to":"e4"}')
    expect(await typed.receive()).toEqual({ from: 'e2', to: 'e4', check: false })
    expect(typed.stats).toEqual({ sent: 0, dropped: 0, received: 1, invalid: 2, denied: 0 })
    await typed.send({ from: 'e7', to: 'e5' })
    expect(await raw.receive()).toBe('{"from":"e7","to":"e5"}')
  })

  it('carries frames whole, both ways', async () => {
    await using both = await pairOf(transport, { codec: 'frames' })
    const { here, there } = both
    const message = [Buffer.from('head'), Buffer.alloc(0), Buffer.from([0, 255])]
    await Promise.all([here.send(message), there.send([...message].reverse()), there.send(['é', ''])])
    expect((await there.receive()).map((part) => Buffer.from(part))).toEqual(message)
    expect((await here.receive()).map((part) => Buffer.from(part))).toEqual([...message].reverse())
    expect((await here.receive()).map(String)).toEqual(['é', ''])
  })
})

it('throws what is not valid out of a receive or an iteration, if told to', async () => {
  await using typed = new ZMQPair('@inproc://throwing', { schema: Move, onInvalid: 'throw' })
  await using raw = new ZMQPair('inproc://throwing')
  await raw.send('{')
  await raw.send('{}')
  await expect(typed.receive()).rejects.toMatchObject({ code: 'DECODE_FAILED' })
  const iterating = (async () => {
    for await (const _ of typed) expect.unreachable()
  })()
  await expect(iterating).rejects.toMatchObject({ code: 'INVALID_MESSAGE' })
})

it('takes the options of both directions, and no others', async () => {
  await using pair = new ZMQPair('@inproc://options', { sendHighWaterMark: 1, receiveHighWaterMark: 1 })
  await expect(pair.ready()).resolves.toBeUndefined()
  const unknown = { subscribe: 'all' } as object
  expect(() => new ZMQPair(undefined, unknown)).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS' }))
})

it('sends and receives the types that its options say', async () => {
  await using moves = new ZMQPair(undefined, { schema: Move })
  await using text = new ZMQPair()
  await using bytes = new ZMQPair(undefined, { codec: 'bytes' })
  expect([moves, text, bytes].map(({ stats }) => stats.sent)).toEqual([0, 0, 0])
  expectTypeOf(moves.send).parameter(0).toEqualTypeOf<{ from: string; to: string; check?: boolean | undefined }>()
  expectTypeOf(moves.receive).returns.resolves.toEqualTypeOf<{ from: string; to: string; check: boolean }>()
  expectTypeOf(text.send).parameter(0).toEqualTypeOf<string>()
  expectTypeOf(text.receive).returns.resolves.toEqualTypeOf<string>()
  expectTypeOf(bytes.receive).returns.resolves.toEqualTypeOf<Uint8Array>()
})
