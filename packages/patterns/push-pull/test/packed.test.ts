import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { ZMQPull, ZMQPush } from '@troupe/push-pull'
import { anyEndpoint, freeAddress, numbers, TRANSPORTS, take } from '@troupe/testing'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'

const PACKED = { packed: true } as const

/** A pack, written by hand from docs/wire/packed.md. */
function packOf(...messages: (string | Uint8Array)[]): Buffer {
  const bodies = messages.map((message) => Buffer.from(message as string))
  const head = Buffer.alloc(8 + 4 * bodies.length)
  head.write('TPK\u0001', 'latin1')
  head.writeUInt32LE(bodies.length, 4)
  for (const [index, body] of bodies.entries()) head.writeUInt32LE(body.length, 8 + 4 * index)
  return Buffer.concat([head, ...bodies])
}

describe.each(TRANSPORTS)('a packed pipeline over %s', (transport) => {
  it('delivers every message once, in the order in which it was sent, however it was sent', async () => {
    await using pull = new ZMQPull(anyEndpoint(transport), PACKED)
    await using push = new ZMQPush(await pull.endpoint(), PACKED)
    const sent = numbers(30_000)
    const sending = (async () => {
      for (const message of sent.slice(0, 10_000)) await push.send(message)
      await push.sendMany(sent.slice(10_000, 20_000))
      await Promise.all(sent.slice(20_000).map((message) => push.send(message)))
    })()
    expect(await take(30_000, pull)).toEqual(sent)
    await sending
    expect([push.stats.sent, push.stats.dropped, pull.stats.received]).toEqual([30_000, 0, 30_000])
  })

  it('carries texts beyond ASCII, empty ones and large ones among others', async () => {
    await using pull = new ZMQPull(anyEndpoint(transport), PACKED)
    await using push = new ZMQPush(await pull.endpoint(), PACKED)
    const messages = ['plain', '', 'déjà vu', '\u{1F3AD}', 'x'.repeat(3_000_000), '\u0000', 'end']
    await push.sendMany(messages)
    expect(await take(messages.length, pull)).toEqual(messages)
  })

  it('carries bytes, json and msgpack', async () => {
    for (const [codec, messages] of [
      ['bytes', [new Uint8Array([0, 255]), new Uint8Array(), new Uint8Array(70_000).fill(7)]],
      ['json', [{ a: 1 }, 'two', null, [3]]],
      ['msgpack', [{ a: 1 }, new Date(0), [3]]],
    ] as const) {
      await using pull = new ZMQPull(anyEndpoint(transport), { ...PACKED, codec })
      await using push = new ZMQPush(await pull.endpoint(), { ...PACKED, codec })
      await push.sendMany(messages as never)
      const received = await take<unknown>(messages.length, pull)
      const plain = received.map((one) => (one instanceof Uint8Array ? new Uint8Array(one) : one))
      expect(plain).toEqual(messages)
    }
  })

  it('gives all that has come at once to receiveMany, and waits when nothing has', async () => {
    await using pull = new ZMQPull(anyEndpoint(transport), PACKED)
    await using push = new ZMQPush(await pull.endpoint(), PACKED)
    await push.sendMany(numbers(100))
    const received: string[] = []
    let calls = 0
    for (; received.length < 100; calls++) received.push(...(await pull.receiveMany()))
    expect(received).toEqual(numbers(100))
    expect(calls).toBeLessThan(5)
    await expect(pull.receiveMany({ timeoutMs: 50 })).rejects.toMatchObject({ code: 'TIMEOUT' })
  })

  it('delivers after close what it had accepted', async () => {
    await using pull = new ZMQPull(anyEndpoint(transport), PACKED)
    const push = new ZMQPush(await pull.endpoint(), PACKED)
    const sends = numbers(5_000).map((message) => push.send(message))
    await push.close()
    await Promise.all(sends)
    expect(await take(5_000, pull)).toEqual(numbers(5_000))
    await expect(push.send('late')).rejects.toMatchObject({ code: 'CLOSED' })
  })
})

describe('a packed push', () => {
  it('sends a lone message as one pack, and those of a turn in few, in the documented format', async () => {
    await using pull = new ZMQPull('tcp://127.0.0.1:*', { codec: 'frames' })
    await using push = new ZMQPush(await pull.endpoint(), PACKED)
    await push.send('alone')
    expect(await pull.receive()).toEqual([packOf('alone')])
    for (const message of numbers(1_000)) void push.send(message)
    const parts: Buffer[] = []
    for (let count = 0; count < 1_000; count += parts.at(-1)!.readUInt32LE(4)) {
      const [part, ...others] = await pull.receive()
      expect(others).toEqual([])
      parts.push(part as Buffer)
    }
    expect(parts.length).toBeLessThanOrEqual(2)
    expect(parts[0]).toEqual(packOf(...numbers(parts[0]!.readUInt32LE(4))))
  })

  it('waits while sendQueueLimit messages are not accepted by libzmq, and a wait that ends takes no message with it', async () => {
    const address = await freeAddress('tcp')
    await using push = new ZMQPush(undefined, { ...PACKED, sendQueueLimit: 10 })
    await push.sendMany(numbers(10))
    await expect(push.send('x', { timeoutMs: 50 })).rejects.toMatchObject({ code: 'TIMEOUT' })
    await expect(push.send('x', { signal: AbortSignal.timeout(50) })).rejects.toMatchObject({ code: 'ABORTED' })
    // They are accepted in order, also those that come while others wait.
    const waiting = numbers(30, 10).map((message) => push.send(message))
    await using pull = new ZMQPull(address, PACKED)
    await push.connect(address)
    await Promise.all(waiting)
    await push.send('40')
    expect(await take(41, pull)).toEqual(numbers(41))
  })

  it('rejects sends that wait for room with CLOSED when it is closed', async () => {
    const push = new ZMQPush(undefined, { ...PACKED, sendQueueLimit: 1, lingerMs: 0 })
    await push.send('accepted')
    const waiting = push.send('waits')
    await Promise.all([push.close(), expect(waiting).rejects.toMatchObject({ code: 'CLOSED' })])
  })

  it('counts what it had accepted and could not send until its lingerMs had passed', async () => {
    const push = new ZMQPush(undefined, { ...PACKED, lingerMs: 60 })
    await push.sendMany(numbers(3))
    await push.close()
    await expect.poll(() => push.stats).toMatchObject({ sent: 0, dropped: 3 })
  })

  it('lets the event loop turn, though each send resolves at once', async () => {
    await using pull = new ZMQPull(anyEndpoint('inproc'), PACKED)
    await using push = new ZMQPush(await pull.endpoint(), PACKED)
    let turns = 0
    const timer = setInterval(() => turns++, 1)
    const message = 'x'.repeat(1_000)
    const drained = take(50_000, pull)
    for (let sent = 0; sent < 50_000; sent++) await push.send(message)
    clearInterval(timer)
    expect(turns).toBeGreaterThan(2)
    await drained
  })

  it('refuses messages of several frames', () => {
    const wrong = { packed: true, codec: 'frames' } as const
    expect(() => new ZMQPush(undefined, wrong)).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS' }))
    expect(() => new ZMQPull(undefined, wrong)).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS' }))
  })

  it('refuses a message that does not fit the schema, and of many then sends none', async () => {
    const options = { ...PACKED, schema: z.number() }
    await using pull = new ZMQPull('tcp://127.0.0.1:*', options)
    await using push = new ZMQPush(await pull.endpoint(), options)
    await expect(push.send('one' as never)).rejects.toMatchObject({ code: 'INVALID_MESSAGE' })
    await expect(push.sendMany([1, 'two' as never, 3])).rejects.toMatchObject({ code: 'INVALID_MESSAGE' })
    await push.send(4)
    expect(await pull.receive()).toBe(4)
  })
})

describe('a packed pull', () => {
  it('lets go of what receiveMany has given', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    await using pull = new ZMQPull('tcp://127.0.0.1:*', { ...PACKED, codec: 'json' })
    await using push = new ZMQPush(await pull.endpoint(), { ...PACKED, codec: 'json' })
    // In a function of its own, whose variables are gone when it has returned.
    const give = async () => {
      const given: WeakRef<object>[] = []
      await push.sendMany(Array.from({ length: 10 }, (_, id) => ({ id })))
      while (given.length < 10) {
        for (const message of (await pull.receiveMany()) as object[]) given.push(new WeakRef(message))
      }
      return given
    }
    const given = [...(await give()), ...(await give())]
    await expect
      .poll(() => {
        collect()
        return given.filter((ref) => ref.deref() !== undefined).length
      })
      .toBe(0)
  })

  it('skips and counts a message of a pack that does not fit, and gives the others', async () => {
    await using pull = new ZMQPull('tcp://127.0.0.1:*', { ...PACKED, schema: z.number() })
    await using push = new ZMQPush(await pull.endpoint(), { codec: 'bytes' })
    await push.send(packOf('1', '"two"', '{', '4'))
    expect(await take(2, pull)).toEqual([1, 4])
    expect(pull.stats).toMatchObject({ received: 2, invalid: 2 })
  })

  it('raises it in its place with onInvalid throw', async () => {
    await using pull = new ZMQPull('tcp://127.0.0.1:*', { ...PACKED, schema: z.number(), onInvalid: 'throw' })
    await using push = new ZMQPush(await pull.endpoint(), { codec: 'bytes' })
    await push.send(packOf('1', '"two"', '3'))
    expect(await pull.receiveMany()).toEqual([1])
    await expect(pull.receiveMany()).rejects.toMatchObject({ code: 'INVALID_MESSAGE' })
    expect(await pull.receiveMany()).toEqual([3])
  })

  it('takes a pack of as many messages as there may be, and none of more', async () => {
    await using pull = new ZMQPull('tcp://127.0.0.1:*', PACKED)
    await using push = new ZMQPush(await pull.endpoint(), { codec: 'bytes' })
    for (const count of [262_145, 262_144]) {
      const packed = Buffer.concat([packOf(), Buffer.alloc(4 * count)])
      packed.writeUInt32LE(count, 4)
      await push.send(packed)
    }
    expect(await take(262_144, pull)).toHaveLength(262_144)
    expect(pull.stats).toMatchObject({ received: 262_144, invalid: 1 })
  })

  it('takes nothing for a pack that is none, and goes on', async () => {
    await using pull = new ZMQPull('tcp://127.0.0.1:*', PACKED)
    await using push = new ZMQPush(await pull.endpoint(), { codec: 'frames' })
    const good = packOf('a', 'bc')
    const tooMany = Buffer.from(good)
    tooMany.writeUInt32LE(0xffff_ffff, 4)
    const tooLong = Buffer.from(good)
    tooLong.writeUInt32LE(0xffff_ffff, 8)
    const otherVersion = Buffer.from(good)
    otherVersion[3] = 2
    const truncated = Array.from({ length: good.length }, (_, length) => good.subarray(0, length))
    const wrong = [...truncated, Buffer.concat([good, Buffer.from('x')]), tooMany, tooLong, otherVersion]
    for (const one of wrong) await push.send([one])
    await push.send([good, good])
    await push.send([packOf()])
    await push.send([good])
    expect(await take(2, pull)).toEqual(['a', 'bc'])
    expect(pull.stats).toMatchObject({ received: 2, invalid: wrong.length + 1 })
  })
})
