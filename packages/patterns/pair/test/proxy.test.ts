import { ZMQPoller, ZMQProxy } from '@troupe/core'
import { ZMQPair } from '@troupe/pair'
import { anyEndpoint, numbers, TRANSPORTS, take } from '@troupe/testing'
import { describe, expect, it } from 'vitest'

describe.each(TRANSPORTS)('a proxy of pairs over %s', (transport) => {
  it('forwards both ways at once, and gives a third pair a copy of both', async () => {
    const [frontend, backend, capture] = [0, 1, 2].map(() => new ZMQPair(`@${anyEndpoint(transport)}`)) as [
      ZMQPair,
      ZMQPair,
      ZMQPair,
    ]
    await using left = new ZMQPair(await frontend.endpoint())
    await using right = new ZMQPair(await backend.endpoint())
    await using copies = new ZMQPair(await capture.endpoint())
    await using proxy = new ZMQProxy({ frontend, backend, capture })
    const [there, back] = [numbers(300).map((n) => `there ${n}`), numbers(300).map((n) => `back ${n}`)]
    const sending = [...there.map((one) => left.send(one)), ...back.map((one) => right.send(one))]
    const [atRight, atLeft, copied] = await Promise.all([take(300, right), take(300, left), take(600, copies)])
    await Promise.all(sending)
    expect([atRight, atLeft]).toEqual([there, back])
    const copiesOf = (name: string) => copied.filter((message) => message.startsWith(name))
    expect([copiesOf('there'), copiesOf('back')]).toEqual([there, back])
    expect(proxy.stats()).toMatchObject({ toBackend: { messages: 300 }, toFrontend: { messages: 300 } })
  })
})

it('a poller waits for pairs, which go on sending meanwhile', async () => {
  await using here = new ZMQPair('@inproc://polled')
  await using there = new ZMQPair('inproc://polled')
  const poller = new ZMQPoller(here)
  const waiting = poller.wait()
  await here.send('question')
  await there.send(`answer to ${await there.receive()}`)
  expect(await waiting).toBe(here)
  expect(await here.receive()).toBe('answer to question')
})
