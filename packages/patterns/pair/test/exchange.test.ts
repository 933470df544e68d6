import { ZMQPair } from '@troupe/pair'
import { anyEndpoint, numbers, TRANSPORTS, take } from '@troupe/testing'
import { describe, expect, it } from 'vitest'
import { pairOf } from './pair-of.js'

/** Small limits, so that a peer is full soon: libzmq's queues and the kernel's. */
const SMALL = {
  codec: 'bytes',
  sendHighWaterMark: 2,
  receiveHighWaterMark: 2,
  sendBufferBytes: 4_096,
  receiveBufferBytes: 4_096,
} as const

const message = (number: number) => new Uint8Array(65_536).fill(number, 0, 1)

/** Sends messages that begin with their number until none is taken any more; returns how many were. */
async function fill(pair: ZMQPair<typeof SMALL>): Promise<number> {
  for (let sent = 0; ; sent++) {
    const sending = pair.send(message(sent), { timeoutMs: 150 })
    const taken = await sending.then(
      () => true,
      () => false,
    )
    if (!taken) return sent
  }
}

const firstBytes = (messages: Uint8Array[]) => messages.map((bytes) => bytes[0])
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index)
const late = { code: 'TIMEOUT' }

describe.each(TRANSPORTS)('two pairs over %s', (transport) => {
  it('exchange messages both ways at once, each way once and in order (31/EXPAIR)', async () => {
    await using both = await pairOf(transport)
    const { here, there } = both
    const [asked, answered] = [numbers(1_000).map((n) => `ask ${n}`), numbers(1_000).map((n) => `answer ${n}`)]
    const sending = Promise.all([...asked.map((one) => here.send(one)), ...answered.map((one) => there.send(one))])
    expect(await Promise.all([take(1_000, there), take(1_000, here)])).toEqual([asked, answered])
    await sending
    expect([here.stats, there.stats]).toEqual(
      Array(2).fill({ sent: 1_000, dropped: 0, received: 1_000, invalid: 0, denied: 0 }),
    )
  })

  it('may both send any number of messages before they receive one: nobody has a turn', async () => {
    await using both = await pairOf(transport)
    const { here, there } = both
    for (const each of ['a', 'b', 'c']) await Promise.all([here.send(each), there.send(each)])
    expect(await take(3, here)).toEqual(['a', 'b', 'c'])
    expect(await take(3, there)).toEqual(['a', 'b', 'c'])
  })

  it('leave every byte as it was, in empty messages and in 64 MiB, both ways at once', async () => {
    await using both = await pairOf(transport, { codec: 'bytes' })
    const { here, there } = both
    const [asked, answered] = [Buffer.alloc(64 * 2 ** 20, 'troupe'), Buffer.alloc(64 * 2 ** 20, 'epuort')]
    const empty = new Uint8Array(0)
    const sends = [here.send(empty), there.send(empty), here.send(asked), there.send(answered)]
    const [atThere, atHere] = await Promise.all([take(2, there), take(2, here)])
    await Promise.all(sends)
    expect([atThere[0]!.length, atHere[0]!.length]).toEqual([0, 0])
    expect([asked.equals(atThere[1]!), answered.equals(atHere[1]!)]).toEqual([true, true])
  })

  it('wait at the high-water mark, each way for itself, drop nothing, and go on when there is room', async () => {
    await using both = await pairOf(transport, SMALL)
    const { here, there } = both
    const [fromHere, fromThere] = [await fill(here), await fill(there)]
    expect(Math.min(fromHere, fromThere)).toBeGreaterThanOrEqual(2)
    await expect(here.send(message(255), { timeoutMs: 80 })).rejects.toMatchObject(late)
    const waiting = [here.send(message(fromHere)), there.send(message(fromThere))]
    expect(firstBytes(await take(fromHere + 1, there))).toEqual(upTo(fromHere + 1))
    // That way is empty again, and the other is as full as it was.
    await waiting[0]
    await expect(there.send(message(255), { timeoutMs: 80 })).rejects.toMatchObject(late)
    expect(firstBytes(await take(fromThere + 1, here))).toEqual(upTo(fromThere + 1))
    await waiting[1]
    const nothing = [here.receive({ timeoutMs: 100 }), there.receive({ timeoutMs: 100 })]
    for (const receive of nothing) await expect(receive).rejects.toMatchObject(late)
  })

  it('send the one way while the other way is full', async () => {
    await using both = await pairOf(transport, SMALL)
    const { here, there } = both
    await fill(here)
    for (const number of upTo(5)) {
      await there.send(message(number))
      expect(firstBytes([await here.receive()])).toEqual([number])
    }
  })

  it('deliver what was taken before a close, and reject with CLOSED what waited', async () => {
    await using both = await pairOf(transport, SMALL)
    const { here, there } = both
    const taken = await fill(here)
    const waiting = [here.send(message(254)), here.send(message(255)), here.receive()]
    const outcomes = waiting.map((one) => expect(one).rejects.toMatchObject({ code: 'CLOSED' }))
    await here.close()
    await Promise.all(outcomes)
    expect(firstBytes(await take(taken, there))).toEqual(upTo(taken))
    await expect(there.receive({ timeoutMs: 100 })).rejects.toMatchObject(late)
  })

  it('lose no message and double none, however often a receive and a send give up', async () => {
    await using both = await pairOf(transport, { ...SMALL, codec: 'json' })
    const ends = [both.here, both.there] as const
    const size = 300
    const speak = async (pair: (typeof ends)[number]) => {
      const sent: number[] = []
      for (let number = 0; sent.length < size; number++) {
        const { signal, abort } = aborting()
        const sending = pair.send({ number, padding: 'x'.repeat(10_000) }, { signal }).then(
          () => true,
          () => false,
        )
        await new Promise(setImmediate)
        abort()
        if (await sending) sent.push(number)
      }
      return sent
    }
    const hear = async (pair: (typeof ends)[number]) => {
      const heard: unknown[] = []
      while (heard.length < size) {
        const { signal, abort } = aborting()
        const receiving = pair.receive({ signal }).catch(() => undefined)
        await new Promise(setImmediate)
        abort()
        const value = (await receiving) as { number: number } | undefined
        if (value !== undefined) heard.push(value.number)
      }
      return heard
    }
    const [sent, heard] = await Promise.all([Promise.all(ends.map(speak)), Promise.all(ends.map(hear))])
    expect(heard).toEqual([sent[1], sent[0]])
    for (const end of ends) await expect(end.receive({ timeoutMs: 80 })).rejects.toMatchObject(late)
  })
})

describe.each(TRANSPORTS)('a pair over %s', (transport) => {
  it('connects by default, and binds if it is told to', async () => {
    await using binds = new ZMQPair(`@${anyEndpoint(transport)}`)
    await using connects = new ZMQPair(await binds.endpoint())
    await connects.send('hello')
    expect(await binds.receive()).toBe('hello')
    await connects.disconnect(await binds.endpoint())
    await binds.unbind(await binds.endpoint())
    await expect(connects.endpoint()).rejects.toMatchObject({ code: 'ENDPOINT_UNAVAILABLE' })
  })
})

function aborting() {
  const controller = new AbortController()
  return { signal: controller.signal, abort: () => controller.abort() }
}
