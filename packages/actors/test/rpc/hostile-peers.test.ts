/**
 * Peers that do not speak the protocol, or do not read, beside one that does.
 */
import { ZMQDealer } from '@troupe/dealer-router'
import { seeded } from '@troupe/testing/seeded'
import { describe, expect, it } from 'vitest'
import { closing, type KitchenClient, newTag, openClient, openKitchen, range, until } from './open-service.js'

const text = (frame: unknown) => Buffer.from(JSON.stringify(frame))
const HELLO = [1, 1, 'kitchen']

/** A peer with frames of its own. */
function openRaw(endpoint: string, options: { receiveHighWaterMark?: number } = {}) {
  return closing(new ZMQDealer(endpoint, { codec: 'frames', lingerMs: 0, ...options }), (dealer) => dealer.close())
}

/** Calls again and again, with a look at each answer, until it is told to stop; returns how many. */
function keepCalling(client: KitchenClient) {
  let isOver = false
  const run = async () => {
    let calls = 0
    for (; !isOver; calls += 10) {
      const numbers = range(10).map((n) => calls + n)
      expect(await Promise.all(numbers.map((n) => client.echo(n)))).toEqual(numbers)
    }
    return calls
  }
  const calls = run()
  return () => {
    isOver = true
    return calls
  }
}

const random = seeded(7)
const below = (most: number) => Math.floor(random() * most)
const randomBytes = () => Buffer.from(range(below(60)).map(() => below(256)))

/** Something that could be a frame, but is none, or not now. */
function nearlyFrame(sequence: number): Buffer {
  const junk = [null, -1, 'x', [], {}, 2 ** 60, [[]], true]
  const anything = () => junk[below(junk.length)]
  return text([below(3) === 0 ? anything() : sequence, [below(70), anything(), anything(), anything(), anything()]])
}

describe('a peer', () => {
  it.each([
    ['random bytes', () => [randomBytes()]],
    ['what is nearly a frame', (sequence: number) => [nearlyFrame(sequence)]],
    ['several parts', () => range(2 + below(4)).map(randomBytes)],
  ])('that sends %s, thousands of times, costs the others nothing', async (_what, partsOf) => {
    const service = await openKitchen({ heartbeatMs: 20, livenessMs: 5_000 })
    const client = openClient(service)
    await client.ready()
    const stop = keepCalling(client)
    for (const peer of range(40)) {
      const raw = openRaw(service.endpoint)
      if (peer % 2 === 0) await raw.send([text([1, HELLO])])
      for (const n of range(100)) await raw.send(partsOf(n + 2))
      await raw.close()
    }
    expect(await stop()).toBeGreaterThan(0)
    await until(() => service.stats.sessions === 1)
    expect(await client.echo('still here')).toBe('still here')
  })

  it('that has no session is told so, each time, and nothing of it is kept', async () => {
    const service = await openKitchen()
    const raw = openRaw(service.endpoint)
    for (const _ of range(100)) await raw.send([Buffer.from('garbage')])
    for (const _ of range(100)) {
      const [bye] = await raw.receive()
      expect(bye?.toString()).toContain('NO_SESSION')
    }
    expect(await openClient(service).echo(1)).toBe(1)
    expect(service.stats.sessions).toBe(1)
  })

  it('whose call has no time left is answered with TIMEOUT, and its handler does not run', async () => {
    const service = await openKitchen()
    const raw = openRaw(service.endpoint)
    const tag = newTag()
    await raw.send([text([1, HELLO, [4, 1, 'wait', -5, null, { tag }], [4, 2, 'wait', 0, null, { tag }]])])
    const answers = String((await raw.receive())[0])
    expect(answers.match(/TIMEOUT/g)).toHaveLength(2)
    expect(await openClient(service).seen(tag)).toMatchObject({ began: false })
  })

  it('that does not read loses its session, while the others are served and the memory stays bounded', async () => {
    const service = await openKitchen({ maxUnreadBytes: 1 << 20, concurrency: 50_000, maxQueued: 50_000 })
    const client = openClient(service)
    await client.ready()
    const before = process.memoryUsage().rss
    const stop = keepCalling(client)
    const raw = openRaw(service.endpoint, { receiveHighWaterMark: 1 })
    await raw.send([text([1, HELLO])])
    await until(() => service.stats.sessions === 2)
    // One answer is 64 KiB: all together would be 512 MiB.
    for (const n of range(80)) {
      const calls = range(100).map((m) => [4, n * 100 + m + 1, 'large', null, null, 1 << 16])
      await raw.send([text([n + 2, ...calls])])
    }
    await until(() => service.stats.sessions === 1)
    expect(await stop()).toBeGreaterThan(0)
    expect(process.memoryUsage().rss - before).toBeLessThan(200 << 20)
  })

  it('that is silent for its liveness has lost its session, and its calls are aborted', async () => {
    const service = await openKitchen({ heartbeatMs: 20, livenessMs: 100 })
    const client = openClient(service)
    const raw = openRaw(service.endpoint)
    const tag = newTag()
    await raw.send([text([1, HELLO, [4, 1, 'wait', null, null, { tag }]])])
    await until(async () => (await client.seen(tag)).aborted !== null)
    await until(() => service.stats.sessions === 1)
    expect(service.stats).toMatchObject({ cancelled: 1 })
  })
})
