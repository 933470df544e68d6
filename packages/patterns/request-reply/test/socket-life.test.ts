import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { promisify } from 'node:util'
import { ZMQReply, ZMQRequest } from '@troupe/request-reply'
import { anyEndpoint, TRANSPORTS, writeRaw } from '@troupe/testing'
import { describe, expect, it } from 'vitest'
import { conversation, serve } from './conversation.js'

const run = promisify(execFile)
const closed = (kind: string) => ({ name: 'ClosedError', code: 'CLOSED', message: `the ${kind} socket is closed` })

describe.each(TRANSPORTS)('over %s', (transport) => {
  it('a request closes in each of its states, and what waits is rejected with CLOSED', async () => {
    const states: Record<string, (request: ZMQRequest) => Promise<unknown>[]> = {
      opening: (request) => [request.ready(), request.send('x')],
      idle: () => [],
      sending: (request) => [request.send('x')],
      'sending and receiving': (request) => [request.send('x'), request.receive()],
      'making requests': (request) => [request.request('x'), request.request('y')],
    }
    for (const [state, begin] of Object.entries(states)) {
      const request = new ZMQRequest(`@${anyEndpoint(transport)}`)
      if (state !== 'opening') await request.ready()
      const waiting = begin(request).map((one) => expect(one, state).rejects.toMatchObject(closed('request')))
      await request.close()
      await Promise.all(waiting)
      expect(request.state).toBe('stopped')
    }
  })

  it('a request that waits for its reply closes', async () => {
    await using both = await conversation(transport)
    await both.request.send('x')
    const receiving = both.request.receive()
    const outcome = expect(receiving).rejects.toMatchObject(closed('request'))
    await both.request.close()
    await outcome
  })

  it('a reply closes while it receives, while it is to answer, and while an iteration waits for that', async () => {
    const idle = new ZMQReply(anyEndpoint(transport))
    const outcome = expect(idle.receive()).rejects.toMatchObject(closed('reply'))
    await idle.close()
    await outcome

    await using both = await conversation(transport)
    const { request, reply } = both
    await request.send('x')
    let seen = 0
    const iterating = (async () => {
      for await (const _ of reply) seen++
    })()
    await expect.poll(() => seen).toBe(1)
    await reply.close()
    await iterating
    expect(seen).toBe(1)
    await expect(reply.send('too late')).rejects.toMatchObject(closed('reply'))
  })

  it('a socket that is closed refuses everything, in order or not', async () => {
    const request = new ZMQRequest(anyEndpoint('inproc'))
    const reply = new ZMQReply(anyEndpoint(transport))
    await Promise.all([request.close(), request.close(), reply.close()])
    for (const operation of [request.send('x'), request.receive(), request.request('x'), request.ready()]) {
      await expect(operation).rejects.toMatchObject(closed('request'))
    }
    for (const operation of [reply.send('x'), reply.receive(), reply.endpoint()]) {
      await expect(operation).rejects.toMatchObject(closed('reply'))
    }
    for await (const _ of reply) expect.unreachable()
  })

  it('a socket that did not open says why to each operation', async () => {
    await using first = new ZMQReply(anyEndpoint(transport))
    const address = await first.endpoint()
    await using second = new ZMQReply(address)
    const inUse = { code: 'ENDPOINT_IN_USE' }
    await expect(second.receive()).rejects.toMatchObject(inUse)
    await expect(second.send('x')).rejects.toMatchObject(inUse)
    const iterating = (async () => {
      for await (const _ of second) expect.unreachable()
    })()
    await expect(iterating).rejects.toMatchObject(inUse)
    await using asking = new ZMQRequest(`@${address}`)
    await expect(asking.request('x')).rejects.toMatchObject(inUse)
  })

  it('no descriptor is left behind by sockets that were closed and opened again', { timeout: 30_000 }, async () => {
    const descriptors = () => (process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0)
    const before = descriptors()
    await using request = new ZMQRequest(`@${anyEndpoint(transport)}`)
    // It is there, and does not answer.
    await using silent = new ZMQReply(anyEndpoint(transport))
    await using other = new ZMQRequest(await silent.endpoint())
    for (let round = 0; round < 100; round++) {
      const asking = other.request('x', { timeoutMs: 1, retries: 0 })
      await expect(asking).rejects.toMatchObject({ code: 'TIMEOUT' })
    }
    await expect(request.request('x', { timeoutMs: 1, retries: 2 })).rejects.toMatchObject({ tries: 3 })
    // Over inproc libzmq frees what was closed once the other end is gone too, or receives.
    await silent.close()
    await expect.poll(() => descriptors() - before, { timeout: 10_000 }).toBeLessThan(20)
  })

  it('a program that has closed what it opened exits by itself, after requests that gave up too', async () => {
    const script = `
      import { ZMQReply, ZMQRequest } from '@troupe/request-reply'
      const reply = new ZMQReply(process.argv[1])
      const request = new ZMQRequest(await reply.endpoint())
      await request.request('x', { timeoutMs: 20, retries: 1 }).catch(({ code }) => console.log(code))
      const serving = (async () => { for await (const one of reply) await reply.send(one) })()
      console.log(await request.request('y'))
      await request.close()
      await reply.close()
      await serving
      process.on('exit', (code) => console.log('exit', code))
    `
    const ended = run(process.execPath, ['--input-type=module', '-e', script, anyEndpoint(transport)], {
      cwd: import.meta.dirname,
      timeout: 15_000,
    })
    expect(await ended).toEqual({ stdout: 'TIMEOUT\ny\nexit 0\n', stderr: '' })
  })
})

it('rubbish that is written to a bound port leaves the reply serving', async () => {
  await using reply = new ZMQReply('tcp://127.0.0.1:*')
  const serving = serve(reply, (text) => `${text}!`)
  const port = Number((await reply.endpoint()).split(':').at(-1))
  const greeting = Buffer.concat([
    Buffer.from('ff00000000000000017f0300', 'hex'),
    Buffer.from('NULL'),
    Buffer.alloc(48),
  ])
  const rubbish = [
    Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
    Buffer.alloc(100_000, 0xff),
    // A frame that is said to be of 2^63 bytes.
    Buffer.concat([greeting, Buffer.from('027fffffffffffffff', 'hex')]),
    // A frame in the place of the handshake.
    Buffer.concat([greeting, Buffer.from('000178', 'hex')]),
    Buffer.alloc(0),
  ]
  await writeRaw(port, rubbish)
  await using request = new ZMQRequest(await reply.endpoint())
  expect(await request.request('still here')).toBe('still here!')
  expect(reply.stats).toEqual({ sent: 1, dropped: 0, received: 1, invalid: 0, denied: 0 })
  await reply.close()
  await serving
})
