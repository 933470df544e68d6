import { ZMQDealer, ZMQRouter } from '@troupe/dealer-router'
import { expect, it } from 'vitest'
import { BYTES, describeWires, JSON_VALUE, TEXT } from './battery.js'
import { PyPeer } from './pyzmq.js'

describeWires('a dealer', (endpoint) => {
  it('of ours speaks with a ROUTER of pyzmq, in text, bytes and JSON', async () => {
    for (const [codec, message] of [
      ['text', TEXT],
      ['bytes', BYTES],
      ['json', JSON_VALUE],
    ] as const) {
      await using router = await PyPeer.start('ROUTER', 'bind', endpoint())
      await using dealer = new ZMQDealer(router.address, { codec, routingId: 'ours' })
      await dealer.send(message as never)
      const [id, body, ...others] = await router.receive()
      expect([String(id), others]).toEqual(['ours', []])
      const frame = Buffer.from(codec === 'json' ? JSON.stringify(JSON_VALUE) : (message as string))
      expect(body).toEqual(frame)
      await router.send('ours', frame)
      expect(await dealer.receive()).toEqual(message)
    }
  })

  it('of ours with a delimiter speaks with a REP of pyzmq', async () => {
    await using rep = await PyPeer.start('REP', 'bind', endpoint())
    await using dealer = new ZMQDealer(rep.address, { delimiter: true })
    await dealer.send(TEXT)
    expect(await rep.receiveText()).toBe(TEXT)
    await rep.send(TEXT)
    expect(await dealer.receive()).toBe(TEXT)
  })
})

describeWires('a router', (endpoint) => {
  it('of ours speaks with DEALERs of pyzmq, each by its routing id, which need not be text', async () => {
    await using router = new ZMQRouter(endpoint(), { codec: 'bytes', mandatory: true })
    await using one = await PyPeer.start('DEALER', 'connect', await router.endpoint(), ['IDENTITY=one'])
    await using other = await PyPeer.start('DEALER', 'connect', await router.endpoint())
    await one.send(BYTES)
    const ofOne = await router.receive()
    expect([String(ofOne.routingId), ofOne.message]).toEqual(['one', BYTES])
    await other.send(TEXT)
    const ofOther = await router.receive()
    expect(ofOther.routingId[0]).toBe(0)
    await router.send({ ...ofOther, message: Buffer.from('other') })
    await router.send({ ...ofOne, message: Buffer.from('one') })
    expect([await one.receiveText(), await other.receiveText()]).toEqual(['one', 'other'])
  })

  it('of ours answers a DEALER of pyzmq in JSON', async () => {
    await using router = new ZMQRouter(endpoint(), { codec: 'json' })
    await using dealer = await PyPeer.start('DEALER', 'connect', await router.endpoint())
    await dealer.send(JSON.stringify(JSON_VALUE))
    const envelope = await router.receive()
    expect(envelope.message).toEqual(JSON_VALUE)
    await router.send(envelope)
    expect(JSON.parse(await dealer.receiveText())).toEqual(JSON_VALUE)
  })

  it('of ours with a delimiter answers a REQ of pyzmq', async () => {
    await using router = new ZMQRouter(endpoint(), { delimiter: true })
    await using req = await PyPeer.start('REQ', 'connect', await router.endpoint())
    await req.send(TEXT)
    const envelope = await router.receive()
    expect(envelope.message).toBe(TEXT)
    await router.send(envelope)
    expect(await req.receiveText()).toBe(TEXT)
  })
})
