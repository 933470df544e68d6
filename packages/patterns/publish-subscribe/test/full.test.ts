import { ZMQPublisher, ZMQSubscriber, ZMQXPublisher } from '@troupe/publish-subscribe'
import { anyEndpoint, TRANSPORTS } from '@troupe/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { told } from './joined.js'

/** Small limits, so that a subscriber is full soon: libzmq's queues and the kernel's. */
const SMALL = { codec: 'frames', sendHighWaterMark: 2, sendBufferBytes: 4_096 } as const
const SMALL_SUB = { codec: 'frames', receiveHighWaterMark: 2, receiveBufferBytes: 4_096 } as const
const SENT = 60

const message = (number: number) => [`n ${number}`, Buffer.alloc(65_536, number), `end ${number}`]
const numberOf = ([first, body, last]: Uint8Array[]) => {
  const number = Number(String(first).slice(2))
  // Whole: all of its frames belong together.
  expect([body?.length, body?.[0], String(last)]).toEqual([65_536, number, `end ${number}`])
  return number
}

/** What is left for a subscriber, until nothing has come for a while. */
async function rest(subscriber: { receive(options: { timeoutMs: number }): Promise<Uint8Array[]> }): Promise<number[]> {
  const received: number[] = []
  for (;;) {
    const came = await subscriber.receive({ timeoutMs: 200 }).catch(() => undefined)
    if (came === undefined) return received
    received.push(numberOf(came))
  }
}

describe.each(TRANSPORTS)('a publisher over %s', (transport) => {
  it('drops whole messages for a subscriber that is full, counts them, and never waits (29/PUBSUB)', async () => {
    const warnings: string[] = []
    const warn = ({ message }: Error) => void warnings.push(message)
    process.on('warning', warn)
    onTestFinished(() => void process.off('warning', warn))
    await using publisher = new ZMQXPublisher(anyEndpoint(transport), SMALL)
    await using slow = new ZMQSubscriber(await publisher.endpoint(), 'n', SMALL_SUB)
    await told(publisher)
    for (let number = 0; number < SENT; number++) await publisher.send(message(number))
    const { sent, dropped } = publisher.stats
    expect(sent).toBe(SENT)
    expect(dropped).toBeGreaterThan(0)
    const received = await rest(slow)
    expect(received).toEqual(received.toSorted((a, b) => a - b))
    expect(received[0]).toBe(0)
    // libzmq tells of the first message that it drops, and not of those that follow until there is room.
    expect(received.length + dropped).toBeLessThanOrEqual(SENT)
    expect(received.length).toBeLessThan(SENT)
    // It goes on when there is room.
    await publisher.send(message(99))
    expect(await rest(slow)).toEqual([99])
    expect(warnings).toEqual([])
  })

  it('that drops for one subscriber gives the others every message (29/PUBSUB)', async () => {
    await using publisher = new ZMQXPublisher(anyEndpoint(transport), SMALL)
    await using slow = new ZMQSubscriber(await publisher.endpoint(), 'n', SMALL_SUB)
    await told(publisher)
    await using quick = new ZMQSubscriber(await publisher.endpoint(), ['n ', 'quick'], SMALL_SUB)
    await told(publisher, 2)
    const received: number[] = []
    for (let number = 0; number < SENT; number++) {
      await publisher.send(message(number))
      received.push(numberOf(await quick.receive()))
    }
    expect(received).toEqual(Array.from({ length: SENT }, (_, index) => index))
    const { dropped } = publisher.stats
    expect(dropped).toBeGreaterThan(0)
    expect((await rest(slow)).length + dropped).toBeLessThanOrEqual(SENT)
  })

  it('with noDrop waits for a subscriber that is full, and nothing is lost (29/PUBSUB)', async () => {
    await using publisher = new ZMQXPublisher(anyEndpoint(transport), { ...SMALL, noDrop: true })
    await using slow = new ZMQSubscriber(await publisher.endpoint(), 'n', SMALL_SUB)
    await told(publisher)
    let sent = 0
    const full = async () => {
      for (;;) {
        const taken = publisher.send(undefined, message(sent), { timeoutMs: 100 })
        if (
          !(await taken.then(
            () => true,
            () => false,
          ))
        )
          return
        sent++
      }
    }
    await full()
    const controller = new AbortController()
    const aborted = publisher.send(undefined, message(254), { signal: controller.signal })
    const outcome = expect(aborted).rejects.toMatchObject({ code: 'ABORTED' })
    controller.abort()
    await outcome
    const patient = publisher.send(undefined, message(sent))
    const received = await rest(slow)
    await patient
    expect(received).toEqual(Array.from({ length: sent + 1 }, (_, index) => index))
    expect(publisher.stats).toMatchObject({ sent: sent + 1, dropped: 0 })
  })

  it('with noDrop rejects what waits with CLOSED when it is closed', async () => {
    const publisher = new ZMQXPublisher(anyEndpoint(transport), { ...SMALL, noDrop: true, lingerMs: 0 })
    await using slow = new ZMQSubscriber(await publisher.endpoint(), 'n', SMALL_SUB)
    await told(publisher)
    expect(slow.state).toBe('running')
    const sends = Array.from({ length: 100 }, (_, index) => publisher.send(message(index)))
    const outcomes = Promise.allSettled(sends)
    await sends[0]
    await publisher.close()
    const failed = (await outcomes).flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []))
    expect(failed.length).toBeGreaterThan(0)
    expect(new Set(failed)).toEqual(new Set(['CLOSED']))
  })

  it('leaves the event loop its turn, however long it sends', async () => {
    await using publisher = new ZMQPublisher(anyEndpoint(transport))
    await publisher.ready()
    let turns = 0
    const counting = setInterval(() => turns++, 0)
    onTestFinished(() => clearInterval(counting))
    for (let count = 0; count < 100_000 && turns < 3; count++) await publisher.send('x')
    expect(turns).toBe(3)
  })
})
