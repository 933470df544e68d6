import { ZMQPoller } from '@troupe/core'
import { TRANSPORTS } from '@troupe/testing'
import { describe, expect, it } from 'vitest'
import { conversation } from './conversation.js'

describe.each(TRANSPORTS)('polled over %s', (transport) => {
  it('a request and a reply are ready when a message can be received, and at no other time', async () => {
    await using both = await conversation(transport)
    const { request, reply } = both
    const poller = new ZMQPoller(request, reply)
    // Longer than a read of ours: at its end libzmq would say that it is not its turn.
    expect(await poller.wait(150)).toBeUndefined()
    for (const word of ['one', 'two']) {
      const asked = poller.wait()
      await request.send(word)
      expect(await asked).toBe(reply)
      expect(await reply.receive()).toBe(word)
      // It is to answer first, and is not read before.
      const answered = poller.wait()
      expect(await poller.wait(150)).toBeUndefined()
      await reply.send(`${word}!`)
      expect(await answered).toBe(request)
      expect(await request.receive()).toBe(`${word}!`)
    }
  })

  it('a reply that refuses a request goes on', async () => {
    await using both = await conversation(transport, { codec: 'frames' }, { codec: 'json' })
    const { request, reply } = both
    const poller = new ZMQPoller(reply)
    const receiving = reply.receive()
    const waiting = poller.wait(300)
    await request.send(['{'])
    expect((await request.receive())!.map(String)).toEqual([''])
    await request.send(['1'])
    expect(await receiving).toBe(1)
    await waiting
    await reply.send(2)
    expect((await request.receive())!.map(String)).toEqual(['2'])
  })

  it('reliable requests are made meanwhile, and given up', async () => {
    await using both = await conversation(transport)
    const { request, reply } = both
    const poller = new ZMQPoller(request)
    const waiting = poller.wait(1_000)
    const inVain = request.request('x', { timeoutMs: 30, retries: 1 })
    await expect(inVain).rejects.toMatchObject({ code: 'TIMEOUT', tries: 2 })
    const serving = (async () => {
      for await (const one of reply) await reply.send(`${one}!`)
    })()
    expect(await request.request('y')).toBe('y!')
    await request.close()
    // A poller without sockets has nothing to wait for.
    await expect(waiting).rejects.toMatchObject({ code: 'CLOSED' })
    await reply.close()
    await serving
  })

  it('a request that is not to be read is left by the poller when it is closed', async () => {
    await using both = await conversation(transport)
    const waiting = new ZMQPoller(both.request).wait()
    await both.request.close()
    await expect(waiting).rejects.toMatchObject({ code: 'CLOSED' })
  })
})
