import { getEventListeners } from 'node:events'
import { ZMQPull, ZMQPush } from '@troupe/push-pull'
import { anyEndpoint, numbers, TRANSPORTS } from '@troupe/testing'
import { describe, expect, it } from 'vitest'

describe.each(TRANSPORTS)('a receive over %s', (transport) => {
  /** A pull and what is sent to it. */
  const pipeline = async () => {
    const pull = new ZMQPull(anyEndpoint(transport))
    const push = new ZMQPush(await pull.endpoint())
    return {
      pull,
      push,
      [Symbol.asyncDispose]: async () => {
        await Promise.all([push.close(), pull.close()])
      },
    }
  }

  it('is served in the order of the calls', async () => {
    await using both = await pipeline()
    const receives = numbers(10).map(() => both.pull.receive())
    for (const message of numbers(10)) await both.push.send(message)
    expect(await Promise.all(receives)).toEqual(numbers(10))
  })

  it('that timed out or was aborted takes no message with it', async () => {
    await using both = await pipeline()
    const { pull, push } = both
    const controller = new AbortController()
    const { signal } = controller
    const late = pull.receive({ timeoutMs: 20 })
    const aborted = pull.receive({ signal })
    const patient = pull.receive({ signal: new AbortController().signal })
    await expect(late).rejects.toMatchObject({ name: 'TimeoutError', code: 'TIMEOUT', timeoutMs: 20 })
    controller.abort()
    await expect(aborted).rejects.toMatchObject({ name: 'AbortError', code: 'ABORTED' })
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
    await push.send('for the patient')
    expect(await patient).toBe('for the patient')
  })

  it('gives up again and again without losing a message', async () => {
    await using both = await pipeline()
    const { pull, push } = both
    const received: string[] = []
    const sent = numbers(200)
    const sending = (async () => {
      for (const message of sent) {
        await push.send(message)
        await new Promise(setImmediate)
      }
    })()
    while (received.length < sent.length) {
      const controller = new AbortController()
      const receiving = pull.receive({ signal: controller.signal }).catch(() => undefined)
      await new Promise(setImmediate)
      controller.abort()
      const message = await receiving
      if (message !== undefined) received.push(message)
    }
    await sending
    expect(received).toEqual(sent)
  })

  it('is rejected with CLOSED when the socket is closed, and afterwards', async () => {
    await using both = await pipeline()
    const closed = { name: 'ClosedError', code: 'CLOSED', message: 'the pull socket is closed' }
    const receives = [both.pull.receive(), both.pull.receive({ timeoutMs: 5_000 })]
    const outcomes = Promise.all(receives.map((receive) => expect(receive).rejects.toMatchObject(closed)))
    await both.pull.close()
    await outcomes
    await expect(both.pull.receive()).rejects.toMatchObject(closed)
  })

  it('by iteration gives every message, and ends when the socket is closed', async () => {
    await using both = await pipeline()
    const { pull, push } = both
    const received: string[] = []
    const iterating = (async () => {
      for await (const message of pull) if (received.push(message) === 3) void pull.close()
    })()
    for (const message of numbers(3)) await push.send(message)
    await iterating
    expect(received).toEqual(numbers(3))
  })

  it('by an iteration that is left early leaves the rest to the next', async () => {
    await using both = await pipeline()
    const { pull, push } = both
    for (const message of numbers(3)) await push.send(message)
    for await (const message of pull) {
      expect(message).toBe('0')
      break
    }
    for await (const message of pull) if (message === '2') break
    await push.send('last')
    expect(await pull.receive()).toBe('last')
  })

  it('by several iterations gives each message to one of them', async () => {
    await using both = await pipeline()
    const { pull, push } = both
    const received: string[] = []
    const iterate = async () => {
      for await (const message of pull) if (received.push(message) === 10) void pull.close()
    }
    const iterating = Promise.all([iterate(), iterate()])
    for (const message of numbers(10)) await push.send(message)
    await iterating
    expect(received.sort()).toEqual(numbers(10))
  })
})

it('by iteration over a socket that did not open throws why', async () => {
  await using first = new ZMQPull('inproc://once')
  await first.ready()
  await using second = new ZMQPull('inproc://once')
  const iterating = (async () => {
    for await (const _ of second) expect.unreachable()
  })()
  await expect(iterating).rejects.toMatchObject({ code: 'ENDPOINT_IN_USE' })
})

it.each([{ timeoutMs: -1 }, { timeoutMs: 2 ** 31 }])('refuses %j', async (options) => {
  await using pull = new ZMQPull()
  await expect(pull.receive(options)).rejects.toMatchObject({ code: 'INVALID_OPTIONS' })
})
