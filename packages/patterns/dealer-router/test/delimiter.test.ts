import { ZMQDealer, ZMQRouter } from '@troupe/dealer-router'
import { anyEndpoint, TRANSPORTS } from '@troupe/testing'
import { describe, expect, it } from 'vitest'
import { Reply, Request } from 'zeromq'
import { z } from 'zod'

const Job = z.object({ id: z.number() })
const within = { sendTimeout: 5_000, receiveTimeout: 5_000, linger: 0 }

describe.each(TRANSPORTS)('with a delimiter over %s', (transport) => {
  it('a router answers requests (28/REQREP)', async () => {
    await using router = new ZMQRouter(anyEndpoint(transport), { delimiter: true })
    const request = new Request(within)
    request.connect(await router.endpoint())
    for (const round of ['one', 'two']) {
      await request.send(round)
      const { routingId, message } = await router.receive()
      expect(message).toBe(round)
      await router.send({ routingId, message: `answer to ${message}` })
      expect((await request.receive()).map(String)).toEqual([`answer to ${round}`])
    }
    request.close()
  })

  it('a dealer asks a reply, any number of times before the first answer (28/REQREP)', async () => {
    await using dealer = new ZMQDealer(`@${anyEndpoint(transport)}`, { schema: Job, delimiter: true })
    const reply = new Reply(within)
    reply.connect(await dealer.endpoint())
    for (const id of [1, 2, 3]) await dealer.send({ id })
    for (const id of [1, 2, 3]) {
      expect((await reply.receive()).map(String)).toEqual([`{"id":${id}}`])
      await reply.send(JSON.stringify({ id: id * 10 }))
    }
    expect([await dealer.receive(), await dealer.receive(), await dealer.receive()]).toEqual([
      { id: 10 },
      { id: 20 },
      { id: 30 },
    ])
    reply.close()
  })

  it('a dealer and a router speak with each other, in several parts and in empty ones', async () => {
    const options = { codec: 'frames', delimiter: true } as const
    await using router = new ZMQRouter(anyEndpoint(transport), options)
    await using dealer = new ZMQDealer(await router.endpoint(), options)
    for (const sent of [['a', '', 'b'], [''], ['', '']]) {
      await dealer.send(sent)
      const envelope = await router.receive()
      expect(envelope.message.map(String)).toEqual(sent)
      await router.send(envelope)
      expect((await dealer.receive()).map(String)).toEqual(sent)
    }
  })

  it('what comes without one is skipped and counted, or thrown', async () => {
    await using skips = new ZMQRouter(anyEndpoint(transport), { delimiter: true })
    await using throws = new ZMQDealer(`@${anyEndpoint(transport)}`, { delimiter: true, onInvalid: 'throw' })
    await using plain = new ZMQDealer(await skips.endpoint(), { codec: 'frames' })
    for (const message of [['bare'], [''], ['bare', 'x'], ['', 'right']]) await plain.send(message)
    expect(await skips.receive()).toMatchObject({ message: 'right' })
    expect(skips.stats).toMatchObject({ received: 1, invalid: 3 })
    await plain.disconnect(await skips.endpoint())
    await plain.connect(await throws.endpoint())
    await plain.send(['bare'])
    await plain.send(['', 'right'])
    await expect(throws.receive()).rejects.toMatchObject({ code: 'DECODE_FAILED' })
    expect(await throws.receive()).toBe('right')
  })
})

it('without one, dealers and routers read and write the empty frame themselves', async () => {
  await using router = new ZMQRouter('inproc://bare', { codec: 'frames' })
  const request = new Request(within)
  request.connect('inproc://bare')
  await request.send('question')
  const { routingId, message } = await router.receive()
  expect(message.map(String)).toEqual(['', 'question'])
  await router.send({ routingId, message: ['', 'answer'] })
  expect((await request.receive()).map(String)).toEqual(['answer'])
  request.close()
})
