import { ZMQMonitor } from '@troupe/core'
import { ZMQPull, ZMQPush } from '@troupe/push-pull'
import { anyEndpoint, freeAddress, numbers, TRANSPORTS, take, WIRES } from '@troupe/testing'
import { describe, expect, it } from 'vitest'

/** Small limits, so that a peer is full soon: libzmq's queues and the kernel's. */
const SMALL = { codec: 'bytes', sendHighWaterMark: 2, sendBufferBytes: 4_096 } as const
const SMALL_PULL = { codec: 'bytes', receiveHighWaterMark: 2, receiveBufferBytes: 4_096 } as const

/** Sends messages that begin with their number until none is taken any more; returns how many were. */
async function fill(push: ZMQPush<typeof SMALL>): Promise<number> {
  for (let sent = 0; ; sent++) {
    if (!(await isTaken(push, new Uint8Array(65_536).fill(sent, 0, 1)))) return sent
  }
}

function isTaken(push: ZMQPush<{ codec: 'bytes' }>, message: Uint8Array): Promise<boolean> {
  return push.send(message, { timeoutMs: 150 }).then(
    () => true,
    () => false,
  )
}

const firstBytes = (messages: Uint8Array[]) => messages.map((message) => message[0])
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index)

describe.each(TRANSPORTS)('a pipeline over %s', (transport) => {
  it('delivers every message once, in the order in which it was sent', async () => {
    await using pull = new ZMQPull(anyEndpoint(transport))
    await using push = new ZMQPush(await pull.endpoint())
    const sent = numbers(2_000)
    const sending = Promise.all(sent.map((message) => push.send(message)))
    expect(await take(2_000, pull)).toEqual(sent)
    await sending
    expect([push.stats.sent, pull.stats.received]).toEqual([2_000, 2_000])
  })

  it('binds the push and connects the pull, if it is told to', async () => {
    await using push = new ZMQPush(`@${anyEndpoint(transport)}`)
    await using pull = new ZMQPull(`>${await push.endpoint()}`)
    await push.send('hello')
    expect(await pull.receive()).toBe('hello')
  })

  it('connects before the other end is bound', async () => {
    const address = await freeAddress(transport)
    await using push = new ZMQPush(address)
    await push.send('early')
    await using pull = new ZMQPull(address)
    expect(await pull.receive()).toBe('early')
  })

  it('gives each pull its turn (30/PIPELINE: round robin)', async () => {
    await using one = new ZMQPull(anyEndpoint(transport))
    await using two = new ZMQPull(anyEndpoint(transport))
    await using push = new ZMQPush(`${await one.endpoint()},${await two.endpoint()}`)
    for (const message of numbers(6)) await push.send(message)
    expect(await take(3, one)).toEqual(['0', '2', '4'])
    expect(await take(3, two)).toEqual(['1', '3', '5'])
  })

  it('receives fairly from each push, and in the order of each (30/PIPELINE: fair queuing)', async () => {
    await using pull = new ZMQPull(anyEndpoint(transport))
    const address = await pull.endpoint()
    await using one = new ZMQPush(address)
    await using two = new ZMQPush(address)
    for (const message of numbers(50)) await Promise.all([one.send(`one ${message}`), two.send(`two ${message}`)])
    const received = await take(100, pull)
    const of = (name: string) => received.filter((message) => message.startsWith(name))
    expect(of('one')).toEqual(numbers(50).map((message) => `one ${message}`))
    expect(of('two')).toEqual(numbers(50).map((message) => `two ${message}`))
  })

  it('waits while there is no peer, and sends when one comes', async () => {
    await using push = new ZMQPush(`@${anyEndpoint(transport)}`)
    await expect(push.send('never', { timeoutMs: 80 })).rejects.toMatchObject({ code: 'TIMEOUT' })
    const sending = push.send('patient')
    await using pull = new ZMQPull(`>${await push.endpoint()}`)
    await sending
    expect(await pull.receive()).toBe('patient')
  })

  it('waits when it has no endpoint yet, and sends when it is connected', async () => {
    await using pull = new ZMQPull(anyEndpoint(transport))
    await using push = new ZMQPush()
    const sending = push.send('first the message, then the endpoint')
    await push.connect(await pull.endpoint())
    await sending
    expect(await pull.receive()).toBe('first the message, then the endpoint')
  })

  it('waits at the high-water mark, drops nothing, and goes on when there is room', async () => {
    await using pull = new ZMQPull(anyEndpoint(transport), SMALL_PULL)
    await using push = new ZMQPush(await pull.endpoint(), SMALL)
    const taken = await fill(push)
    expect(taken).toBeGreaterThanOrEqual(2)
    const waiting = push.send(new Uint8Array(65_536).fill(taken, 0, 1))
    expect(firstBytes(await take(taken + 1, pull))).toEqual(upTo(taken + 1))
    await waiting
    await expect(pull.receive({ timeoutMs: 100 })).rejects.toMatchObject({ code: 'TIMEOUT' })
  })

  it('passes a pull that is full by, and feeds the others', async () => {
    await using full = new ZMQPull(anyEndpoint(transport), SMALL_PULL)
    await using push = new ZMQPush(await full.endpoint(), SMALL)
    await fill(push)
    await using free = new ZMQPull(anyEndpoint(transport), SMALL_PULL)
    await push.connect(await free.endpoint())
    for (const number of upTo(5)) {
      await push.send(new Uint8Array([200 + number]))
      expect(firstBytes([await free.receive()])).toEqual([200 + number])
    }
  })

  it('gives a pull that comes late what is sent from then on (30/PIPELINE)', async () => {
    await using first = new ZMQPull(anyEndpoint(transport))
    await using late = new ZMQPull(anyEndpoint(transport))
    await using push = new ZMQPush(await first.endpoint())
    for (const message of numbers(4)) await push.send(message)
    await push.connect(await late.endpoint())
    for (const message of numbers(4, 4)) await push.send(message)
    const [byFirst, byLate] = [await take(6, first), await take(2, late)]
    expect(byFirst.slice(0, 4)).toEqual(numbers(4))
    expect([...byFirst.slice(4), ...byLate].sort()).toEqual(numbers(4, 4))
  })

  it('carries messages of several parts whole, with empty parts and binary ones', async () => {
    await using pull = new ZMQPull(anyEndpoint(transport), { codec: 'frames' })
    await using push = new ZMQPush(await pull.endpoint(), { codec: 'frames' })
    const message = [Buffer.from('head'), Buffer.alloc(0), Buffer.from([0, 255]), Buffer.alloc(100_000, 7)]
    await push.send(message)
    await push.send(['é', ''])
    expect((await pull.receive()).map((part) => Buffer.from(part))).toEqual(message)
    expect((await pull.receive()).map(String)).toEqual(['é', ''])
  })

  it('carries an empty message, and one of 64 MiB', async () => {
    await using pull = new ZMQPull(anyEndpoint(transport), { codec: 'bytes' })
    await using push = new ZMQPush(await pull.endpoint(), { codec: 'bytes' })
    const large = Buffer.alloc(64 * 2 ** 20, 'troupe')
    await push.send(new Uint8Array(0))
    await push.send(large)
    expect(await pull.receive()).toHaveLength(0)
    expect(large.equals(await pull.receive())).toBe(true)
  })
})

describe.each(WIRES)('a push over %s', (transport) => {
  it('that binds destroys what it had queued for a pull that goes (30/PIPELINE)', async () => {
    await using push = new ZMQPush(undefined, { codec: 'bytes', sendBufferBytes: 4_096 })
    using monitor = new ZMQMonitor(push)
    const address = await push.bind(anyEndpoint(transport))
    const gone = new ZMQPull(`>${address}`, { codec: 'bytes', receiveHighWaterMark: 1, receiveBufferBytes: 4_096 })
    const large = (number: number) => new Uint8Array(2 ** 20).fill(number, 0, 1)
    for (let number = 0; number < 20; number++) await push.send(large(number))
    await gone.close()
    for await (const { type } of monitor) if (type === 'disconnected') break
    // The connection has ended, but until its queue is gone too, that takes what is sent and is destroyed with it.
    while (await isTaken(push, large(98)));
    await using next = new ZMQPull(`>${address}`, { codec: 'bytes' })
    await push.send(large(99))
    expect(firstBytes([await next.receive()])).toEqual([99])
  })
})

describe.each(WIRES)('a pipeline over %s', (transport) => {
  it('goes on by itself when the binding side was closed and is bound again', async () => {
    const address = await freeAddress(transport)
    await using push = new ZMQPush(undefined, { reconnectIntervalMs: 10 })
    using monitor = new ZMQMonitor(push)
    await push.connect(address)
    const next = async (type: string) => {
      for await (const event of monitor) if (event.type === type) return
    }
    const first = new ZMQPull(address)
    await push.send('before')
    expect(await first.receive()).toBe('before')
    await first.close()
    await next('disconnected')
    const sending = push.send('after')
    await using second = new ZMQPull(address)
    await sending
    expect(await second.receive()).toBe('after')
  })

  it('delivers after close what it had accepted, for lingerMs, though nobody listened yet', async () => {
    const address = await freeAddress(transport)
    const push = new ZMQPush(address, { lingerMs: 5_000, reconnectIntervalMs: 10 })
    await push.send('legacy')
    await push.close()
    await using pull = new ZMQPull(address)
    expect(await pull.receive()).toBe('legacy')
  })

  it('discards at close what is not yet sent, with lingerMs 0', async () => {
    const address = await freeAddress(transport)
    // libzmq closes in the background: its one attempt to connect must be over, and no other may come meanwhile.
    const push = new ZMQPush(undefined, { lingerMs: 0, reconnectIntervalMs: 60_000 })
    using monitor = new ZMQMonitor(push)
    await push.connect(address)
    for await (const { type } of monitor) if (type === 'connect_retried') break
    await push.send('discarded')
    await push.close()
    await using pull = new ZMQPull(address)
    await using other = new ZMQPush(address)
    await other.send('sent')
    expect(await pull.receive()).toBe('sent')
  })

  it('cuts a peer off that sends more than maxMessageBytes, and serves on', async () => {
    await using pull = new ZMQPull(anyEndpoint(transport), { maxMessageBytes: 1_000 })
    await using push = new ZMQPush(await pull.endpoint(), { reconnectIntervalMs: 10 })
    using monitor = new ZMQMonitor(push)
    await push.send('x'.repeat(1_001))
    for await (const event of monitor) if (event.type === 'disconnected') break
    await push.send('x'.repeat(1_000))
    expect(await pull.receive()).toHaveLength(1_000)
  })

  it('queues for nobody who is not connected, with immediate', async () => {
    await using push = new ZMQPush(await freeAddress(transport), { immediate: true })
    await expect(push.send('x', { timeoutMs: 80 })).rejects.toMatchObject({ code: 'TIMEOUT' })
    await using patient = new ZMQPush(await freeAddress(transport), { lingerMs: 0 })
    await expect(patient.send('x', { timeoutMs: 80 })).resolves.toBeUndefined()
  })
})

it('has no send on a pull and no receive on a push', () => {
  expect(ZMQPull.prototype).not.toHaveProperty('send')
  expect(ZMQPush.prototype).not.toHaveProperty('receive')
  expect(Symbol.asyncIterator in ZMQPush.prototype).toBe(false)
})
