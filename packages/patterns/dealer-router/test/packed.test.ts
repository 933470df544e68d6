import { type Envelope, ZMQDealer, ZMQRouter } from '@troupe/dealer-router'
import { anyEndpoint, numbers, TRANSPORTS, take } from '@troupe/testing'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'

const PACKED = { packed: true } as const

const textsOf = (envelopes: Envelope<string>[]) =>
  envelopes.map(({ routingId, message }) => `${Buffer.from(routingId)} ${message}`)

describe.each(TRANSPORTS)('a packed router and its dealers over %s', (transport) => {
  it('exchange every message once, in order, each with its peer', async () => {
    await using router = new ZMQRouter(anyEndpoint(transport), PACKED)
    await using one = new ZMQDealer(await router.endpoint(), { ...PACKED, routingId: 'one' })
    await using two = new ZMQDealer(await router.endpoint(), { ...PACKED, routingId: 'two' })
    await Promise.all([one.sendMany(numbers(2_000)), two.sendMany(numbers(2_000))])
    const received = await take(4_000, router)
    for (const name of ['one', 'two']) {
      const of = textsOf(received).filter((text) => text.startsWith(name))
      expect(of).toEqual(numbers(2_000).map((message) => `${name} ${message}`))
    }
    // Back to both, in turn: each gets its own, though they are gathered in the same turn of the event loop.
    await router.sendMany(received)
    expect(await take(2_000, one)).toEqual(numbers(2_000))
    expect(await take(2_000, two)).toEqual(numbers(2_000))
  })

  it('validate and parse each message of a pack', async () => {
    const options = { ...PACKED, schema: z.object({ count: z.number().default(1) }) }
    await using router = new ZMQRouter(anyEndpoint(transport), options)
    await using dealer = new ZMQDealer(await router.endpoint(), options)
    await dealer.sendMany([{}, { count: 2 }])
    expect((await take(2, router)).map(({ message }) => message)).toEqual([{ count: 1 }, { count: 2 }])
    await expect(dealer.send({ count: 'three' } as never)).rejects.toMatchObject({ code: 'INVALID_MESSAGE' })
  })
})

describe('a packed router', () => {
  it('counts what it had accepted for a peer that is not there', async () => {
    await using router = new ZMQRouter('tcp://127.0.0.1:*', PACKED)
    await using mandatory = new ZMQRouter('tcp://127.0.0.1:*', { ...PACKED, mandatory: true })
    for (const one of [router, mandatory]) {
      await one.sendMany(numbers(3).map((message) => ({ routingId: Buffer.from('nobody'), message })))
      await expect.poll(() => one.stats.dropped).toBe(3)
    }
  })

  it('refuses a delimiter, and messages of several frames', () => {
    for (const wrong of [{ delimiter: true }, { codec: 'frames' }] as const) {
      const options = { ...PACKED, ...wrong }
      const refused = expect.objectContaining({ code: 'INVALID_OPTIONS' })
      expect(() => new ZMQRouter(undefined, options)).toThrow(refused)
      expect(() => new ZMQDealer(undefined, options)).toThrow(refused)
    }
  })

  it('takes nothing of what is no pack, and goes on', async () => {
    await using router = new ZMQRouter('tcp://127.0.0.1:*', PACKED)
    await using plain = new ZMQDealer(await router.endpoint(), { codec: 'frames' })
    await plain.send(['no pack'])
    await plain.send(['two', 'frames'])
    const receiving = router.receive()
    await expect.poll(() => router.stats.invalid).toBe(2)
    await using dealer = new ZMQDealer(await router.endpoint(), PACKED)
    await dealer.send('good')
    expect((await receiving).message).toBe('good')
  })
})
