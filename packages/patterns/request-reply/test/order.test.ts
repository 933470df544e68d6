import type { Logger } from '@troupe/core'
import { ZMQReply, ZMQRequest } from '@troupe/request-reply'
import { anyEndpoint, TRANSPORTS } from '@troupe/testing'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { conversation } from './conversation.js'

const outOfOrder = { code: 'OUT_OF_ORDER' }

/** A logger that keeps the warnings. */
function logging() {
  const warnings: unknown[] = []
  const log = {
    child: () => log,
    debug: () => undefined,
    warn: (facts: object, text: string) => warnings.push({ ...facts, text }),
  } as unknown as Logger
  return { log, warnings }
}

describe.each(TRANSPORTS)('over %s', (transport) => {
  it('a request and its reply come in turn, many times', async () => {
    await using both = await conversation(transport)
    const { request, reply } = both
    for (const word of ['one', 'two', 'three']) {
      expect(await request.send(word)).toBe('sent')
      expect(await reply.receive()).toBe(word)
      expect(await reply.send(`${word}!`)).toBe('sent')
      expect(await request.receive()).toBe(`${word}!`)
    }
    expect(request.stats).toEqual({ sent: 3, dropped: 0, received: 3, invalid: 0, denied: 0 })
  })

  it('a second send before the reply is received is ignored, and not sent (28/REQREP)', async () => {
    await using both = await conversation(transport)
    const { request, reply } = both
    const [first, second] = [request.send('first'), request.send('second')]
    expect([await first, await second]).toEqual(['sent', 'ignored'])
    expect(await reply.receive()).toBe('first')
    expect(await request.send('third')).toBe('ignored')
    await reply.send('answer')
    expect(await request.send('fourth')).toBe('ignored')
    expect(await request.receive()).toBe('answer')
    expect(await request.send('fifth')).toBe('sent')
    expect(await reply.receive()).toBe('fifth')
    expect(request.stats.sent).toBe(2)
  })

  it('a receive before a request is sent is ignored, and so is one while another waits', async () => {
    await using both = await conversation(transport)
    const { request, reply } = both
    expect(await request.receive()).toBeUndefined()
    await request.send('x')
    const receiving = request.receive()
    expect(await request.receive()).toBeUndefined()
    expect(await request.send('y')).toBe('ignored')
    await reply.receive()
    await reply.send('answer')
    expect(await receiving).toBe('answer')
    expect(await request.receive()).toBeUndefined()
  })

  it('a receive may be called while its send waits', async () => {
    await using request = new ZMQRequest(`@${anyEndpoint(transport)}`)
    const sending = request.send('patient')
    const receiving = request.receive()
    await using reply = new ZMQReply(`>${await request.endpoint()}`)
    expect(await reply.receive()).toBe('patient')
    expect(await sending).toBe('sent')
    await reply.send('answer')
    expect(await receiving).toBe('answer')
  })

  it('an answer to no request is ignored, and does not hang', async () => {
    await using both = await conversation(transport)
    const { request, reply } = both
    expect(await reply.send('unasked')).toBe('ignored')
    const receiving = reply.receive()
    expect(await reply.send('unasked')).toBe('ignored')
    expect(await reply.receive()).toBeUndefined()
    await request.send('x')
    expect(await receiving).toBe('x')
    expect(await reply.receive()).toBeUndefined()
    const answers = [reply.send('answer'), reply.send('another')]
    expect(await Promise.all(answers)).toEqual(['sent', 'ignored'])
    expect(await request.receive()).toBe('answer')
  })

  it('is refused with outOfOrder "throw", by a type that has no other outcome', async () => {
    const strict = { outOfOrder: 'throw' } as const
    await using both = await conversation(transport, strict, strict)
    const { request, reply } = both
    await expect(request.receive()).rejects.toMatchObject({
      ...outOfOrder,
      message: 'a receive on the request socket is out of order: no request was sent',
      retryable: false,
    })
    await expect(reply.send('unasked')).rejects.toMatchObject({
      ...outOfOrder,
      message: 'a send on the reply socket is out of order: there is no request to answer',
    })
    await request.send('x')
    await expect(request.send('y')).rejects.toMatchObject(outOfOrder)
    expect(await reply.receive()).toBe('x')
    await expect(reply.receive()).rejects.toMatchObject(outOfOrder)
    expectTypeOf(request.send).returns.resolves.toEqualTypeOf<'sent'>()
    expectTypeOf(reply.receive).returns.resolves.toEqualTypeOf<string>()
  })

  it('a send that is rejected leaves its turn, so that it can be tried again', async () => {
    await using request = new ZMQRequest(`@${anyEndpoint(transport)}`)
    await expect(request.send(1 as unknown as string)).rejects.toMatchObject({ code: 'ENCODE_FAILED' })
    await expect(request.send('x', { timeoutMs: -1 })).rejects.toMatchObject({ code: 'INVALID_OPTIONS' })
    await expect(request.send('x', { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' })
    await expect(request.send('late', { timeoutMs: 20 })).rejects.toMatchObject({ code: 'TIMEOUT' })
    const controller = new AbortController()
    const aborted = request.send('aborted', { signal: controller.signal })
    const receiving = request.receive()
    controller.abort()
    await expect(aborted).rejects.toMatchObject({ code: 'ABORTED' })
    // Nothing was sent, so there is nothing to receive.
    expect(await receiving).toBeUndefined()
    await using reply = new ZMQReply(`>${await request.endpoint()}`)
    expect(await request.send('at last')).toBe('sent')
    expect(await reply.receive()).toBe('at last')
    await expect(reply.send(1 as unknown as string)).rejects.toMatchObject({ code: 'ENCODE_FAILED' })
    await expect(reply.send('x', { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' })
    expect(await reply.send('answer')).toBe('sent')
    expect(await request.receive()).toBe('answer')
  })

  it('a receive that is aborted or times out leaves its turn, and its message to the next', async () => {
    await using both = await conversation(transport)
    const { request, reply } = both
    await expect(reply.receive({ timeoutMs: 10 })).rejects.toMatchObject({ code: 'TIMEOUT', timeoutMs: 10 })
    await expect(reply.receive({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' })
    const controller = new AbortController()
    const aborted = reply.receive({ signal: controller.signal })
    controller.abort()
    await expect(aborted).rejects.toMatchObject({ code: 'ABORTED' })
    await request.send('x')
    await expect(request.receive({ timeoutMs: 10 })).rejects.toMatchObject({ code: 'TIMEOUT' })
    await expect(request.receive({ timeoutMs: -1 })).rejects.toMatchObject({ code: 'INVALID_OPTIONS' })
    expect(await request.send('y')).toBe('ignored')
    expect(await reply.receive()).toBe('x')
    await reply.send('answer')
    expect(await request.receive()).toBe('answer')
  })

  it('the time of a receive includes that of its send', async () => {
    await using request = new ZMQRequest(`@${anyEndpoint(transport)}`)
    const controller = new AbortController()
    const sending = request.send('waits', { signal: controller.signal })
    await expect(request.receive({ timeoutMs: 20 })).rejects.toMatchObject({ code: 'TIMEOUT', timeoutMs: 20 })
    controller.abort()
    await expect(sending).rejects.toMatchObject({ code: 'ABORTED' })
    expect(await request.receive()).toBeUndefined()
  })

  it('an iteration waits until the last request is answered, by whomever', async () => {
    await using both = await conversation(transport)
    const { request, reply } = both
    const seen: string[] = []
    const iterating = (async () => {
      for await (const one of reply) seen.push(one)
    })()
    await request.send('first')
    await expect.poll(() => seen).toEqual(['first'])
    // Neither a second receive of its own nor of another is in order.
    expect(await reply.receive()).toBeUndefined()
    expect(await reply.send('answer')).toBe('sent')
    expect(await request.receive()).toBe('answer')
    await request.send('second')
    await expect.poll(() => seen).toEqual(['first', 'second'])
    await reply.close()
    await iterating
  })

  it('two iterations take the requests in turn', async () => {
    await using both = await conversation(transport)
    const { request, reply } = both
    const seen: string[] = []
    const iterate = async () => {
      for await (const one of reply) {
        seen.push(one)
        await reply.send(`${one}!`)
      }
    }
    const iterating = Promise.all([iterate(), iterate()])
    for (const word of ['a', 'b', 'c', 'd']) expect(await request.request(word)).toBe(`${word}!`)
    await reply.close()
    await iterating
    expect(seen).toEqual(['a', 'b', 'c', 'd'])
  })
})

it('what is ignored is logged, with the reason', async () => {
  const { log, warnings } = logging()
  await using both = await conversation('inproc', { log }, { log })
  await both.request.receive()
  await both.reply.send('x')
  expect(warnings).toEqual([
    {
      socket: 'request socket',
      ignored: 'receive',
      text: 'a receive on the request socket is out of order: no request was sent',
    },
    {
      socket: 'reply socket',
      ignored: 'send',
      text: 'a send on the reply socket is out of order: there is no request to answer',
    },
  ])
})
