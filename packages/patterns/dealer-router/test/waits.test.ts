import { getEventListeners } from 'node:events'
import { ZMQDealer, ZMQRouter } from '@troupe/dealer-router'
import { anyEndpoint, numbers, TRANSPORTS, writeRaw } from '@troupe/testing'
import { describe, expect, it } from 'vitest'

const closed = { name: 'ClosedError', code: 'CLOSED' }
const aborted = { name: 'AbortError', code: 'ABORTED' }
const late = { name: 'TimeoutError', code: 'TIMEOUT' }
const envelope = { routingId: Buffer.from('x'), message: 'x' }

describe.each(TRANSPORTS)('over %s', (transport) => {
  it('a send of a dealer that was aborted, or timed out, was not sent', async () => {
    await using dealer = new ZMQDealer(`@${anyEndpoint(transport)}`)
    const controller = new AbortController()
    const { signal } = controller
    const outcomes = Promise.all([
      expect(dealer.send('in flight', { signal })).rejects.toMatchObject(aborted),
      expect(dealer.send('waits', { signal })).rejects.toMatchObject(aborted),
      expect(dealer.send('late', { timeoutMs: 30 })).rejects.toMatchObject(late),
    ])
    const patient = dealer.send('patient')
    controller.abort()
    await outcomes
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
    await using router = new ZMQRouter(`>${await dealer.endpoint()}`)
    await patient
    expect(await router.receive()).toMatchObject({ message: 'patient' })
    await expect(router.receive({ timeoutMs: 80 })).rejects.toMatchObject(late)
  })

  it('a signal that had aborted before refuses at once, and one that is not needed leaves no listener', async () => {
    await using router = new ZMQRouter(anyEndpoint(transport))
    await using dealer = new ZMQDealer(await router.endpoint())
    const before = { signal: AbortSignal.abort() }
    const refused = [
      dealer.send('x', before),
      dealer.receive(before),
      router.send(envelope, before),
      router.receive(before),
    ]
    for (const operation of refused) await expect(operation).rejects.toMatchObject(aborted)
    const { signal } = new AbortController()
    for (const message of numbers(10)) await dealer.send(message, { signal, timeoutMs: 5_000 })
    for (const message of numbers(10)) {
      const received = await router.receive({ signal, timeoutMs: 5_000 })
      expect(received.message).toBe(message)
      await router.send(received, { signal, timeoutMs: 5_000 })
      expect(await dealer.receive({ signal })).toBe(message)
    }
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
  })

  it('a receive that gave up takes no message with it', async () => {
    await using router = new ZMQRouter(anyEndpoint(transport))
    await using dealer = new ZMQDealer(await router.endpoint(), { routingId: 'x' })
    const controller = new AbortController()
    const given = [
      expect(router.receive({ timeoutMs: 20 })).rejects.toMatchObject(late),
      expect(router.receive({ signal: controller.signal })).rejects.toMatchObject(aborted),
    ]
    const patient = router.receive()
    controller.abort()
    await Promise.all(given)
    await dealer.send('hello')
    expect(await patient).toMatchObject({ message: 'hello' })
  })

  it('a close rejects what waits and all that comes after, and ends iterations', async () => {
    const router = new ZMQRouter(anyEndpoint(transport))
    const dealer = new ZMQDealer(`@${anyEndpoint(transport)}`)
    await Promise.all([router.ready(), dealer.ready()])
    const heard: unknown[] = []
    const iterating = Promise.all(
      [router, dealer].map(async (socket) => {
        for await (const message of socket) heard.push(message)
      }),
    )
    const waits = [dealer.send('in flight'), dealer.send('waits'), dealer.receive(), router.receive()]
    const outcomes = Promise.all(waits.map((wait) => expect(wait).rejects.toMatchObject(closed)))
    await Promise.all([router.close(), dealer.close()])
    await Promise.all([outcomes, iterating])
    const after = [dealer.send('x'), dealer.receive(), router.send(envelope), router.receive()]
    for (const operation of after) await expect(operation).rejects.toMatchObject(closed)
    expect(heard).toEqual([])
  })

  it('both wait for their opening, and are rejected with what it failed with', async () => {
    await using first = new ZMQRouter(anyEndpoint(transport))
    const address = await first.endpoint()
    await using second = new ZMQRouter(address)
    await using dealer = new ZMQDealer(`@${address}`)
    const taken = { code: 'ENDPOINT_IN_USE' }
    const operations = [second.send(envelope), second.receive(), dealer.send('x'), dealer.receive()]
    await Promise.all(operations.map((operation) => expect(operation).rejects.toMatchObject(taken)))
  })
})

it('more sends than sendQueueLimit are refused with QUEUE_FULL', async () => {
  await using dealer = new ZMQDealer('@inproc://limited', { sendQueueLimit: 2 })
  await dealer.endpoint()
  const sends = numbers(3).map((message) => dealer.send(message))
  await expect(dealer.send('too much')).rejects.toMatchObject({ code: 'QUEUE_FULL', retryable: true })
  await using router = new ZMQRouter('>inproc://limited')
  await Promise.all(sends)
  for (const message of numbers(3)) expect(await router.receive()).toMatchObject({ message })
})

it('rubbish that is written to the port of a router leaves it serving', async () => {
  await using router = new ZMQRouter('tcp://127.0.0.1:*')
  const port = Number((await router.endpoint()).split(':').at(-1))
  const rubbish = [
    Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
    Buffer.alloc(100_000, 0xff),
    // A ZMTP 3 greeting, then a frame that is said to be of 2^63 bytes.
    Buffer.concat([
      Buffer.from('ff00000000000000017f0300', 'hex'),
      Buffer.concat([Buffer.from('NULL'), Buffer.alloc(48)]),
      Buffer.from('027fffffffffffffff', 'hex'),
    ]),
    Buffer.alloc(0),
  ]
  await writeRaw(port, rubbish)
  await using dealer = new ZMQDealer(await router.endpoint())
  await dealer.send('still here')
  await router.send(await router.receive())
  expect(await dealer.receive()).toBe('still here')
  expect(router.stats).toEqual({ sent: 1, dropped: 0, received: 1, invalid: 0, denied: 0 })
})
