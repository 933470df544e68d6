import { getEventListeners } from 'node:events'
import { ZMQPull, ZMQPush } from '@troupe/push-pull'
import { anyEndpoint, numbers, TRANSPORTS, take } from '@troupe/testing'
import { describe, expect, it } from 'vitest'

describe.each(TRANSPORTS)('a send over %s', (transport) => {
  /** A push that nobody is connected to, and what connects a pull to it. */
  const lonely = async (options: { sendQueueLimit?: number } = {}) => {
    const push = new ZMQPush(`@${anyEndpoint(transport)}`, options)
    const address = await push.endpoint()
    return { push, pulled: () => new ZMQPull(`>${address}`), [Symbol.asyncDispose]: () => push.close() }
  }

  it('that timed out was not sent, and those behind it go on', async () => {
    await using alone = await lonely()
    const { push } = alone
    const late = [push.send('in flight', { timeoutMs: 30 }), push.send('waits', { timeoutMs: 30 })]
    const patient = push.send('patient')
    const timedOut = { name: 'TimeoutError', code: 'TIMEOUT', timeoutMs: 30 }
    await Promise.all(late.map((send) => expect(send).rejects.toMatchObject(timedOut)))
    await using pull = alone.pulled()
    await patient
    expect(await pull.receive()).toBe('patient')
    await expect(pull.receive({ timeoutMs: 80 })).rejects.toMatchObject({ code: 'TIMEOUT' })
    expect(push.stats.sent).toBe(1)
  })

  it('that was aborted was not sent, be it the one in flight or one that waits', async () => {
    await using alone = await lonely()
    const { push } = alone
    const controller = new AbortController()
    const { signal } = controller
    const given = [push.send('in flight', { signal }), push.send('waits', { signal })]
    const patient = push.send('patient')
    controller.abort(new Error('changed my mind'))
    const aborted = { name: 'AbortError', code: 'ABORTED', cause: { message: 'changed my mind' } }
    await Promise.all(given.map((send) => expect(send).rejects.toMatchObject(aborted)))
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
    await using pull = alone.pulled()
    await patient
    expect(await pull.receive()).toBe('patient')
    await expect(pull.receive({ timeoutMs: 80 })).rejects.toMatchObject({ code: 'TIMEOUT' })
  })

  it('whose signal had aborted before is refused at once', async () => {
    await using alone = await lonely()
    const send = alone.push.send('x', { signal: AbortSignal.abort() })
    await expect(send).rejects.toMatchObject({ code: 'ABORTED' })
  })

  it('with a signal or a time that are not needed leaves no listener, and keeps its place', async () => {
    await using alone = await lonely()
    const { signal } = new AbortController()
    const ways = [{}, { signal }, { timeoutMs: 5_000 }, { timeoutMs: 0 }]
    const sends = numbers(20).map((message, index) => alone.push.send(message, ways[index % 4]))
    await using pull = alone.pulled()
    expect(await take(20, pull)).toEqual(numbers(20))
    await Promise.all(sends)
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
  })

  it('is rejected with CLOSED when the socket is closed, in flight, waiting and afterwards', async () => {
    await using alone = await lonely()
    const { push } = alone
    const closed = { name: 'ClosedError', code: 'CLOSED', message: 'the push socket is closed' }
    const sends = [push.send('in flight'), push.send('waits'), push.send('waits', { timeoutMs: 5_000 })]
    const outcomes = Promise.all(sends.map((send) => expect(send).rejects.toMatchObject(closed)))
    await push.close()
    await outcomes
    await expect(push.send('late')).rejects.toMatchObject(closed)
  })

  it('is refused with QUEUE_FULL when sendQueueLimit sends wait, and taken when there is room again', async () => {
    await using alone = await lonely({ sendQueueLimit: 2 })
    const { push } = alone
    const sends = numbers(3).map((message) => push.send(message))
    await expect(push.send('too much')).rejects.toMatchObject({
      code: 'QUEUE_FULL',
      retryable: true,
      message: expect.stringContaining('2 sends wait on the push socket'),
    })
    await using pull = alone.pulled()
    await Promise.all(sends)
    await push.send('now')
    expect(await take(4, pull)).toEqual(['0', '1', '2', 'now'])
  })
})

it('waits for the opening, and is rejected with what the opening failed with', async () => {
  await using pull = new ZMQPull('inproc://taken')
  await pull.ready()
  await using push = new ZMQPush('@inproc://taken')
  await expect(push.send('x')).rejects.toMatchObject({ code: 'ENDPOINT_IN_USE' })
  await expect(push.send('x', { timeoutMs: 1_000 })).rejects.toMatchObject({ code: 'ENDPOINT_IN_USE' })
})

it.each([{ timeoutMs: -1 }, { timeoutMs: Number.NaN }])('refuses %j', async (options) => {
  await using push = new ZMQPush('@inproc://refuses')
  await expect(push.send('x', options)).rejects.toMatchObject({ code: 'INVALID_OPTIONS' })
})
