import { ZMQPoller, ZMQProxy } from '@troupe/core'
import { ZMQPull, ZMQPush } from '@troupe/push-pull'
import { anyEndpoint, numbers, TRANSPORTS, take } from '@troupe/testing'
import { describe, expect, it } from 'vitest'

describe.each(TRANSPORTS)('a proxy of a pipeline over %s', (transport) => {
  const streamer = async (withCapture: boolean) => {
    const frontend = new ZMQPull(anyEndpoint(transport))
    const backend = new ZMQPush(`@${anyEndpoint(transport)}`)
    const capture = withCapture ? new ZMQPush(`@${anyEndpoint(transport)}`) : undefined
    const push = new ZMQPush(await frontend.endpoint())
    const pull = new ZMQPull(`>${await backend.endpoint()}`)
    const proxy = new ZMQProxy({ frontend, backend, capture })
    const close = () => Promise.all([proxy, push, pull].map((one) => one.close()))
    return { proxy, push, pull, capture, [Symbol.asyncDispose]: async () => void (await close()) }
  }

  it('forwards the one way that there is, in order, and counts it', async () => {
    await using line = await streamer(false)
    const { proxy, push, pull } = line
    const sending = Promise.all(numbers(2_000).map((message) => push.send(message)))
    expect(await take(2_000, pull)).toEqual(numbers(2_000))
    await sending
    expect(proxy.stats()).toEqual({
      toBackend: { messages: 2_000, bytes: numbers(2_000).join('').length, dropped: 0 },
      toFrontend: { messages: 0, bytes: 0, dropped: 0 },
    })
  })

  it('gives capture a copy of each message, and waits when that has no room', async () => {
    await using line = await streamer(true)
    const { push, pull, capture } = line
    const sending = Promise.all(numbers(100).map((message) => push.send(message)))
    // Nobody is there to read the copies: the first message is sent, and no more are read.
    expect(await pull.receive()).toBe('0')
    await expect(pull.receive({ timeoutMs: 100 })).rejects.toMatchObject({ code: 'TIMEOUT' })
    await using copies = new ZMQPull(`>${await capture!.endpoint()}`)
    expect(await take(99, pull)).toEqual(numbers(99, 1))
    expect(await take(100, copies)).toEqual(numbers(100))
    await sending
  })

  it('ends when its capture is closed, though a copy waits', async () => {
    await using line = await streamer(true)
    const { proxy, push, pull, capture } = line
    await push.send('x')
    expect(await pull.receive()).toBe('x')
    await capture!.close()
    await expect(proxy.done).rejects.toMatchObject({ code: 'CLOSED', message: 'the push socket is closed' })
  })
})

it('a proxy refuses sockets between which nothing can go, and a capture that does not send', async () => {
  await using pull = new ZMQPull()
  await using other = new ZMQPull()
  await using push = new ZMQPush()
  const refusal = expect.objectContaining({ code: 'INVALID_OPTIONS' })
  expect(() => new ZMQProxy({ frontend: pull, backend: other })).toThrow(refusal)
  expect(() => new ZMQProxy({ frontend: pull, backend: push, capture: other })).toThrow(refusal)
})

it('a socket that a proxy has is refused by receive, iteration, send and poller', async () => {
  const frontend = new ZMQPull('inproc://taken-front')
  const backend = new ZMQPush('@inproc://taken-back')
  await using proxy = new ZMQProxy({ frontend, backend })
  const belongs = { code: 'SOCKET_FAILED', message: expect.stringContaining('socket belongs to a proxy') }
  await expect(frontend.receive()).rejects.toMatchObject(belongs)
  await expect(backend.send('x')).rejects.toMatchObject(belongs)
  await expect(new ZMQPoller(frontend).wait()).rejects.toMatchObject(belongs)
  const iterating = (async () => {
    for await (const _ of frontend) expect.unreachable()
  })()
  await expect(iterating).rejects.toMatchObject(belongs)
  expect(proxy.stats().toBackend.messages).toBe(0)
})
