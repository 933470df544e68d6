import { ZMQPair } from '@troupe/pair'
import { ZMQPull, ZMQPush } from '@troupe/push-pull'
import { expect, it } from 'vitest'
import { BYTES, describeWires, JSON_VALUE, TEXT } from './battery.js'
import { PyPeer } from './pyzmq.js'

describeWires('a push and a pull', (endpoint) => {
  it('of ours sends text, bytes and JSON to a PULL of pyzmq', async () => {
    await using pull = await PyPeer.start('PULL', 'bind', endpoint())
    await using text = new ZMQPush(pull.address)
    await text.send(TEXT)
    expect(await pull.receiveText()).toBe(TEXT)
    await using bytes = new ZMQPush(pull.address, { codec: 'bytes' })
    await bytes.send(BYTES)
    expect(await pull.receive()).toEqual([BYTES])
    await using json = new ZMQPush(pull.address, { codec: 'json' })
    await json.send(JSON_VALUE)
    expect(JSON.parse(await pull.receiveText())).toEqual(JSON_VALUE)
  })

  it('of ours receives text, bytes and JSON from a PUSH of pyzmq', async () => {
    await using text = new ZMQPull(endpoint())
    await using one = await PyPeer.start('PUSH', 'connect', await text.endpoint())
    await one.send(TEXT)
    expect(await text.receive()).toBe(TEXT)
    await using bytes = new ZMQPull(endpoint(), { codec: 'bytes' })
    await using two = await PyPeer.start('PUSH', 'connect', await bytes.endpoint())
    await two.send(BYTES)
    expect(await bytes.receive()).toEqual(BYTES)
    await using json = new ZMQPull(endpoint(), { codec: 'json' })
    await using three = await PyPeer.start('PUSH', 'connect', await json.endpoint())
    await three.send(JSON.stringify(JSON_VALUE))
    expect(await json.receive()).toEqual(JSON_VALUE)
  })

  it('exchange multipart messages whole, both ways', async () => {
    await using pull = await PyPeer.start('PULL', 'bind', endpoint())
    await using push = new ZMQPush(pull.address, { codec: 'frames' })
    await push.send(['head', '', BYTES])
    expect(await pull.receive()).toEqual([Buffer.from('head'), Buffer.alloc(0), BYTES])
    await using ours = new ZMQPull(endpoint(), { codec: 'frames' })
    await using theirs = await PyPeer.start('PUSH', 'connect', await ours.endpoint())
    await theirs.send('head', '', BYTES)
    expect(await ours.receive()).toEqual([Buffer.from('head'), Buffer.alloc(0), BYTES])
  })

  it('speak of packs that are written and read by hand', async () => {
    await using pull = await PyPeer.start('PULL', 'bind', endpoint())
    await using push = new ZMQPush(pull.address, { packed: true })
    await push.send('ab')
    const pack = Buffer.from('54504b01010000000200000061 62'.replaceAll(' ', ''), 'hex')
    expect(await pull.receive()).toEqual([pack])
    await using ours = new ZMQPull(endpoint(), { packed: true })
    await using theirs = await PyPeer.start('PUSH', 'connect', await ours.endpoint())
    await theirs.send(pack)
    expect(await ours.receive()).toBe('ab')
  })
})

describeWires('a pair', (endpoint) => {
  it('of ours speaks with a PAIR of pyzmq both ways', async () => {
    await using theirs = await PyPeer.start('PAIR', 'bind', endpoint())
    await using ours = new ZMQPair(theirs.address)
    await ours.send(TEXT)
    expect(await theirs.receiveText()).toBe(TEXT)
    await theirs.send(TEXT)
    expect(await ours.receive()).toBe(TEXT)
  })

  it('of ours that binds speaks with a PAIR of pyzmq in bytes and JSON', async () => {
    await using bytes = new ZMQPair(`@${endpoint()}`, { codec: 'bytes' })
    await using one = await PyPeer.start('PAIR', 'connect', await bytes.endpoint())
    await one.send(BYTES)
    expect(await bytes.receive()).toEqual(BYTES)
    await bytes.send(BYTES)
    expect(await one.receive()).toEqual([BYTES])
    await using json = new ZMQPair(`@${endpoint()}`, { codec: 'json' })
    await using two = await PyPeer.start('PAIR', 'connect', await json.endpoint())
    await two.send(JSON.stringify(JSON_VALUE))
    expect(await json.receive()).toEqual(JSON_VALUE)
    await json.send(JSON_VALUE)
    expect(JSON.parse(await two.receiveText())).toEqual(JSON_VALUE)
  })
})
