import type { Logger } from '@troupe/core'
import { ZMQReply, ZMQRequest } from '@troupe/request-reply'
import { anyEndpoint, TRANSPORTS } from '@troupe/testing'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import { conversation } from './conversation.js'

const Sum = z.object({ numbers: z.array(z.number()), round: z.boolean().default(false) })
const frames = { codec: 'frames' } as const
const json = { codec: 'json' } as const

describe.each(TRANSPORTS)('over %s', (transport) => {
  it('messages are validated by who sends and have their defaults where they are received', async () => {
    await using both = await conversation(transport, { schema: Sum }, { schema: Sum })
    const { request, reply } = both
    await expect(request.send({ numbers: ['1'] } as never)).rejects.toMatchObject({
      code: 'INVALID_MESSAGE',
      issues: [{ path: 'numbers.0' }],
    })
    await request.send({ numbers: [1] })
    expect(await reply.receive()).toEqual({ numbers: [1], round: false })
    await expect(reply.send({} as never)).rejects.toMatchObject({ code: 'INVALID_MESSAGE' })
    await reply.send({ numbers: [2], round: true })
    expect(await request.receive()).toEqual({ numbers: [2], round: true })
  })

  it('a request that is not valid is answered with an empty frame, counted and logged, and the next received', async () => {
    const warnings: object[] = []
    const log = { child: () => log, warn: (facts: object) => warnings.push(facts) } as unknown as Logger
    await using reply = new ZMQReply(anyEndpoint(transport), { ...json, log })
    const address = await reply.endpoint()
    const requests = [1, 2, 3].map(() => new ZMQRequest(address, frames))
    const receiving = reply.receive()
    for (const request of requests.slice(0, 2)) {
      await request.send(['{', 'more'])
      expect((await request.receive())!.map(String)).toEqual([''])
    }
    expect(await reply.send('not its turn')).toBe('ignored')
    await requests[2]!.send(['{"n":1}'])
    expect(await receiving).toEqual({ n: 1 })
    expect(await reply.send({ n: 2 })).toBe('sent')
    expect((await requests[2]!.receive())!.map(String)).toEqual(['{"n":2}'])
    expect(reply.stats).toEqual({ sent: 3, dropped: 0, received: 1, invalid: 2, denied: 0 })
    expect(warnings).toMatchObject([{ socket: 'reply socket', invalid: 1 }, { ignored: 'send' }])
    for (const request of requests) await request.close()
  })

  it('a requester whose request is refused so fails at once with DECODE_FAILED', async () => {
    await using both = await conversation(transport, json, { schema: Sum })
    const { request, reply } = both
    const receiving = reply.receive()
    await request.send({ no: 'numbers' })
    await expect(request.receive()).rejects.toMatchObject({ code: 'DECODE_FAILED' })
    await request.send({ numbers: [] })
    expect(await receiving).toEqual({ numbers: [], round: false })
  })

  it('a request that is not valid is raised, if told to, and is then to be answered', async () => {
    await using both = await conversation(transport, frames, { ...json, onInvalid: 'throw' })
    const { request, reply } = both
    await request.send(['{'])
    await expect(reply.receive()).rejects.toMatchObject({ code: 'DECODE_FAILED' })
    expect(await reply.receive()).toBeUndefined()
    expect(await reply.send({ error: 'what?' })).toBe('sent')
    expect(String(await request.receive())).toBe('{"error":"what?"}')
    await request.send(['1'])
    expect(await reply.receive()).toBe(1)
  })

  it.each(['skip', 'throw'] as const)(
    'a reply that is not valid is raised with onInvalid %j, and the next request can be sent',
    async (onInvalid) => {
      await using both = await conversation(transport, { schema: Sum, onInvalid }, frames)
      const { request, reply } = both
      for (const [bad, code] of [
        ['{', 'DECODE_FAILED'],
        ['{}', 'INVALID_MESSAGE'],
      ] as const) {
        await request.send({ numbers: [] })
        await reply.receive()
        await reply.send([bad])
        await expect(request.receive()).rejects.toMatchObject({ code })
      }
      await request.send({ numbers: [] })
      await reply.receive()
      await reply.send(['{"numbers":[3]}'])
      expect(await request.receive()).toEqual({ numbers: [3], round: false })
      expect(request.stats).toEqual({ sent: 3, dropped: 0, received: 1, invalid: 2, denied: 0 })
    },
  )

  it('an invalid request that is told to be raised ends an iteration with it', async () => {
    await using both = await conversation(transport, frames, { ...json, onInvalid: 'throw' })
    const { request, reply } = both
    await request.send(['{'])
    const iterating = (async () => {
      for await (const _ of reply) expect.unreachable()
    })()
    await expect(iterating).rejects.toMatchObject({ code: 'DECODE_FAILED' })
  })
})

it('the types of both ends follow the options', async () => {
  await using typed = new ZMQRequest(undefined, { schema: Sum })
  await using strict = new ZMQRequest(undefined, { schema: Sum, outOfOrder: 'throw' })
  await using text = new ZMQReply()
  await using bytes = new ZMQReply(undefined, { codec: 'bytes', outOfOrder: 'throw' })
  type Checked = { numbers: number[]; round: boolean }
  expectTypeOf(typed.send).parameter(0).toEqualTypeOf<{ numbers: number[]; round?: boolean | undefined }>()
  expectTypeOf(typed.send).returns.resolves.toEqualTypeOf<'sent' | 'ignored'>()
  expectTypeOf(typed.receive).returns.resolves.toEqualTypeOf<Checked | undefined>()
  expectTypeOf(typed.request).returns.resolves.toEqualTypeOf<Checked>()
  expectTypeOf(strict.send).returns.resolves.toEqualTypeOf<'sent'>()
  expectTypeOf(strict.receive).returns.resolves.toEqualTypeOf<Checked>()
  expectTypeOf(text.receive).returns.resolves.toEqualTypeOf<string | undefined>()
  expectTypeOf(bytes.receive).returns.resolves.toEqualTypeOf<Uint8Array>()
  expectTypeOf(text[Symbol.asyncIterator]).returns.toEqualTypeOf<AsyncGenerator<string, void, undefined>>()
  // @ts-expect-error a request of text takes no number
  await expect(new ZMQRequest().send(1)).rejects.toMatchObject({ code: 'ENCODE_FAILED' })
  // @ts-expect-error the schema has numbers
  await expect(typed.send({ numbers: ['1'] })).rejects.toMatchObject({ code: 'INVALID_MESSAGE' })
  // @ts-expect-error a reply makes no requests
  expect(text.request).toBeUndefined()
  // @ts-expect-error nor is a request iterated
  expect(typed[Symbol.asyncIterator]).toBeUndefined()
})
