import { ZMQReply, ZMQRequest } from '@troupe/request-reply'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { BYTES, describeWires, JSON_VALUE, TEXT } from './battery.js'
import { PyPeer } from './pyzmq.js'

describeWires('a request', (endpoint) => {
  it('of ours asks a REP of pyzmq, in text, bytes and JSON', async () => {
    await using rep = await PyPeer.start('REP', 'bind', endpoint())
    await using text = new ZMQRequest(rep.address)
    await text.send(TEXT)
    expect(await rep.receiveText()).toBe(TEXT)
    await rep.send(TEXT)
    expect(await text.receive()).toBe(TEXT)
    await using bytes = new ZMQRequest(rep.address, { codec: 'bytes' })
    await bytes.send(BYTES)
    expect(await rep.receive()).toEqual([BYTES])
    await rep.send(BYTES)
    expect(await bytes.receive()).toEqual(BYTES)
    await using json = new ZMQRequest(rep.address, { codec: 'json' })
    await json.send(JSON_VALUE)
    expect(JSON.parse(await rep.receiveText())).toEqual(JSON_VALUE)
    await rep.send(JSON.stringify(JSON_VALUE))
    expect(await json.receive()).toEqual(JSON_VALUE)
  })

  it('of ours that is reliable asks again when a REP of pyzmq answers what cannot be read', async () => {
    await using rep = await PyPeer.start('REP', 'bind', endpoint())
    await using request = new ZMQRequest(rep.address, { codec: 'json', schema: z.object({ item: z.string() }) })
    const answered = request.request({ item: 'tea' }, { timeoutMs: 5_000, retries: 1 })
    await rep.receive()
    await rep.send('garbage')
    expect(JSON.parse(await rep.receiveText())).toEqual({ item: 'tea' })
    await rep.send(JSON.stringify({ item: 'cake' }))
    expect(await answered).toEqual({ item: 'cake' })
  })

  it('with correlate is answered by a REP of pyzmq', async () => {
    await using rep = await PyPeer.start('REP', 'bind', endpoint())
    await using request = new ZMQRequest(rep.address, { correlate: true })
    await request.send(TEXT)
    expect(await rep.receiveText()).toBe(TEXT)
    await rep.send(TEXT)
    expect(await request.receive()).toBe(TEXT)
  })
})

describeWires('a reply', (endpoint) => {
  it('of ours answers a REQ of pyzmq, in text, bytes and JSON', async () => {
    for (const [codec, message] of [
      ['text', TEXT],
      ['bytes', BYTES],
      ['json', JSON_VALUE],
    ] as const) {
      await using reply = new ZMQReply(endpoint(), { codec })
      await using req = await PyPeer.start('REQ', 'connect', await reply.endpoint())
      await req.send(codec === 'json' ? JSON.stringify(message) : (message as string))
      expect(await reply.receive()).toEqual(message)
      await reply.send(message as never)
      const [answer] = await req.receive()
      expect(codec === 'json' ? JSON.parse(String(answer)) : answer).toEqual(
        codec === 'text' ? Buffer.from(TEXT) : message,
      )
    }
  })

  it('of ours refuses a request of pyzmq that it cannot read with an empty frame, and goes on', async () => {
    await using reply = new ZMQReply(endpoint(), { codec: 'json' })
    await using req = await PyPeer.start('REQ', 'connect', await reply.endpoint())
    const receiving = reply.receive()
    await req.send('{')
    expect(await req.receive()).toEqual([Buffer.alloc(0)])
    await req.send('{}')
    expect(await receiving).toEqual({})
  })
})
