import { readdirSync } from 'node:fs'
import { ZMQPull, ZMQPush } from '@troupe/push-pull'
import { anyEndpoint, TRANSPORTS, writeRaw } from '@troupe/testing'
import { describe, expect, it, onTestFinished } from 'vitest'

describe.each(TRANSPORTS)('a socket over %s', (transport) => {
  it('opens by itself, and closes once however often it is told to', async () => {
    const pull = new ZMQPull(anyEndpoint(transport))
    expect(pull.state).toMatch(/starting|running/)
    await pull.ready()
    expect(pull.state).toBe('running')
    await Promise.all([pull.close(), pull.close()])
    await pull[Symbol.asyncDispose]()
    expect(pull.state).toBe('stopped')
  })

  it('closes while it opens', async () => {
    const pull = new ZMQPull(anyEndpoint(transport))
    const opening = pull.ready()
    const receiving = pull.receive()
    const outcomes = Promise.allSettled([opening, receiving, pull.close()])
    expect((await outcomes).map(({ status }) => status).at(-1)).toBe('fulfilled')
    await expect(receiving).rejects.toMatchObject({ code: 'CLOSED' })
    expect(pull.state).toBe('stopped')
  })

  it('refuses everything when it is closed', async () => {
    const push = new ZMQPush(anyEndpoint('inproc'))
    await push.close()
    const address = anyEndpoint(transport).replace('*', transport === 'tcp' ? '5555' : '/tmp/x')
    const operations = [
      push.ready(),
      push.endpoint(),
      push.bind(address),
      push.connect(address),
      push.unbind(address),
      push.disconnect(address),
      push.send('x'),
    ]
    for (const operation of operations) await expect(operation).rejects.toMatchObject({ code: 'CLOSED' })
  })

  it('leaves no descriptor behind, 300 times', { timeout: 30_000 }, async () => {
    const before = descriptors()
    for (let round = 0; round < 50; round++) {
      const pulls = Array.from({ length: 3 }, () => new ZMQPull(anyEndpoint(transport)))
      const pushes = await Promise.all(pulls.map(async (pull) => new ZMQPush(await pull.endpoint())))
      await Promise.all(pushes.map((push) => push.send('x')))
      await Promise.all(pulls.map((pull) => pull.receive()))
      await Promise.all([...pulls, ...pushes].map((socket) => socket.close()))
    }
    // libzmq closes in the background; what it keeps for its own use does not grow with the sockets.
    await expect.poll(() => descriptors() - before, { timeout: 10_000 }).toBeLessThan(20)
  })
})

it('a socket that did not open does not end the process, and can be closed', async () => {
  const rejections: unknown[] = []
  const note = (reason: unknown) => rejections.push(reason)
  process.on('unhandledRejection', note)
  onTestFinished(() => void process.off('unhandledRejection', note))
  await using first = new ZMQPull('inproc://only-one')
  await first.ready()
  const second = new ZMQPull('inproc://only-one')
  await expect.poll(() => second.state).toBe('failed')
  await new Promise(setImmediate)
  expect(rejections).toEqual([])
  await expect(second.close()).resolves.toBeUndefined()
})

it('rubbish that is written to a bound port leaves the socket serving', async () => {
  await using pull = new ZMQPull('tcp://127.0.0.1:*')
  const port = Number((await pull.endpoint()).split(':').at(-1))
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
  await using push = new ZMQPush(await pull.endpoint())
  await push.send('still here')
  expect(await pull.receive()).toBe('still here')
  expect(pull.stats).toEqual({ sent: 0, dropped: 0, received: 1, invalid: 0, denied: 0 })
})

/** How many files and sockets this process has open, where the system tells. */
function descriptors(): number {
  return process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0
}
