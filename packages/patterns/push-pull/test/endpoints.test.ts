import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Logger } from '@troupe/core'
import { ZMQPull, ZMQPush } from '@troupe/push-pull'
import { anyEndpoint, freeAddress, TRANSPORTS } from '@troupe/testing'
import { describe, expect, it, onTestFinished } from 'vitest'

describe.each(TRANSPORTS)('an endpoint of %s', (transport) => {
  it('is known with its real port or path when it is bound', async () => {
    await using pull = new ZMQPull(anyEndpoint(transport))
    const address = await pull.endpoint()
    expect(address).toMatch(
      { inproc: /^inproc:\/\/any-/, ipc: /^ipc:\/\/\//, tcp: /^tcp:\/\/127\.0\.0\.1:\d+$/ }[transport],
    )
  })

  it('that is in use is refused, and the one that uses it is not disturbed', async () => {
    await using pull = new ZMQPull(anyEndpoint(transport))
    const address = await pull.endpoint()
    await using push = new ZMQPush(address)
    await using late = new ZMQPull(address)
    const inUse = {
      name: 'EndpointInUseError',
      code: 'ENDPOINT_IN_USE',
      endpoint: address,
      retryable: true,
      message: `the pull socket cannot bind ${address}: it is in use`,
      cause: { code: 'EADDRINUSE' },
    }
    await expect(late.ready()).rejects.toMatchObject(inUse)
    expect(late.state).toBe('failed')
    await expect(late.receive()).rejects.toMatchObject(inUse)
    await expect(late.endpoint()).rejects.toMatchObject(inUse)
    await push.send('still here')
    expect(await pull.receive()).toBe('still here')
  })

  it('can be bound again at once when the socket that had it is closed', async () => {
    const address = await freeAddress(transport)
    for (const message of ['first', 'second', 'third']) {
      await using pull = new ZMQPull(address)
      // libzmq closes in the background: a push that connects too early speaks to the one that goes.
      await pull.ready()
      await using push = new ZMQPush(address)
      await push.send(message)
      expect(await pull.receive()).toBe(message)
    }
  })

  it('is left with unbind, and free for another', async () => {
    await using pull = new ZMQPull(anyEndpoint(transport))
    const address = await pull.endpoint()
    const other = await pull.bind(anyEndpoint(transport))
    expect(await pull.endpoint()).toBe(other)
    await pull.unbind(other)
    expect(await pull.endpoint()).toBe(address)
    await using next = new ZMQPull(other)
    await expect(next.ready()).resolves.toBeUndefined()
    await expect(pull.unbind(other)).rejects.toMatchObject({
      code: 'ENDPOINT_UNAVAILABLE',
      message: `the pull socket cannot unbind ${other}: it is not bound to it`,
    })
  })

  it('is left with disconnect, and gets no more messages', async () => {
    await using one = new ZMQPull(anyEndpoint(transport))
    await using two = new ZMQPull(anyEndpoint(transport))
    await using push = new ZMQPush(`${await one.endpoint()},${await two.endpoint()}`)
    await push.disconnect(await two.endpoint())
    expect(await push.endpoint()).toBe(await one.endpoint())
    for (const message of ['a', 'b', 'c']) await push.send(message)
    expect([await one.receive(), await one.receive(), await one.receive()]).toEqual(['a', 'b', 'c'])
    await expect(push.disconnect(await two.endpoint())).rejects.toMatchObject({ code: 'ENDPOINT_UNAVAILABLE' })
  })

  it('can be bound while a receive waits, and while others are bound', async () => {
    await using pull = new ZMQPull()
    const receiving = pull.receive()
    const addresses = await Promise.all([pull.bind(anyEndpoint(transport)), pull.bind(anyEndpoint(transport))])
    expect(new Set(addresses).size).toBe(2)
    await using push = new ZMQPush(addresses[0])
    await push.send('hello')
    expect(await receiving).toBe('hello')
  })

  it('does not swallow a message that comes while another is bound or connected', async () => {
    await using pull = new ZMQPull(anyEndpoint(transport))
    await using push = new ZMQPush(await pull.endpoint())
    await push.send('0')
    expect(await pull.receive()).toBe('0')
    for (const message of ['1', '2', '3']) {
      const receiving = pull.receive()
      const sending = push.send(message)
      await pull.bind(anyEndpoint(transport))
      await pull.connect(anyEndpoint('inproc'))
      expect(await receiving).toBe(message)
      await sending
    }
  })

  it('gives what comes to a receive that was given up for long, and what comes to the next connection', async () => {
    await using pull = new ZMQPull()
    await expect(pull.receive({ timeoutMs: 400 })).rejects.toMatchObject({ code: 'TIMEOUT' })
    for (const message of ['1', '2']) {
      await using push = new ZMQPush(`@${anyEndpoint(transport)}`)
      const address = await push.endpoint()
      const receiving = pull.receive()
      await pull.connect(address)
      await push.send(message)
      expect(await receiving).toBe(message)
    }
  })
})

it('is the one that was bound last, or else connected last; without either it cannot be told', async () => {
  await using push = new ZMQPush()
  await expect(push.endpoint()).rejects.toMatchObject({
    code: 'ENDPOINT_UNAVAILABLE',
    message: 'the push socket is neither bound nor connected',
  })
  await push.connect('inproc://a,inproc://b')
  expect(await push.endpoint()).toBe('inproc://b')
  expect(await push.bind('inproc://c')).toBe('inproc://c')
  await push.connect('inproc://d')
  expect(await push.endpoint()).toBe('inproc://c')
})

it('is looked for in a range of ports', async () => {
  await using one = new ZMQPull(anyEndpoint('tcp'))
  const port = Number((await one.endpoint()).split(':').at(-1))
  await using two = new ZMQPull(`tcp://127.0.0.1:[${port}-${Math.min(port + 50, 65_535)}]`)
  expect(Number((await two.endpoint()).split(':').at(-1))).toBeGreaterThan(port)
  await using three = new ZMQPull(`tcp://127.0.0.1:[${port}-${port}]`)
  await expect(three.ready()).rejects.toMatchObject({ code: 'ENDPOINT_IN_USE' })
})

it.each(['tcp://127.0.0.1', 'tcp://*:5555', 'http://x', '', 'ipc://'])(
  '%j is refused by the constructor',
  (endpoint) => {
    expect(() => new ZMQPush(endpoint)).toThrow(expect.objectContaining({ code: 'INVALID_ENDPOINT' }))
  },
)

it('with the prefix of the other end is refused by bind and connect', async () => {
  await using push = new ZMQPush()
  await expect(push.bind('>inproc://a')).rejects.toMatchObject({ code: 'INVALID_ENDPOINT' })
  await expect(push.connect('@inproc://a')).rejects.toMatchObject({ code: 'INVALID_ENDPOINT' })
  await expect(push.bind('@inproc://with-its-own')).resolves.toBe('inproc://with-its-own')
})

it('that this machine does not have is refused, with the reason of the system', async () => {
  await using pull = new ZMQPull('tcp://198.51.100.1:5555', { insecure: true })
  await expect(pull.ready()).rejects.toMatchObject({
    code: 'ENDPOINT_UNAVAILABLE',
    message: expect.stringContaining('cannot bind tcp://198.51.100.1:5555: Cannot assign requested address'),
    cause: { code: 'EADDRNOTAVAIL' },
  })
})

it('of IPv6 without the option says which option it needs', async () => {
  await using pull = new ZMQPull('tcp://[::1]:*')
  await expect(pull.ready()).rejects.toMatchObject({ message: expect.stringContaining('ipv6: true') })
})

it('beyond this machine is bound, with one warning, unless that was said to be safe', async () => {
  const warnings: object[] = []
  const log = { child: () => log, warn: (facts: object) => warnings.push(facts) } as unknown as Logger
  await using open = new ZMQPull('tcp://0.0.0.0:*', { log })
  await open.ready()
  expect(warnings).toEqual([{ socket: 'pull', address: 'tcp://0.0.0.0:*' }])
  await using safe = new ZMQPull('tcp://127.0.0.1:*', { log })
  await using told = new ZMQPull('tcp://0.0.0.0:*', { log, insecure: true })
  await Promise.all([safe.ready(), told.ready()])
  expect(warnings).toHaveLength(1)
})

describe.runIf(process.platform !== 'win32')('a path of ipc', () => {
  const folder = () => {
    const path = mkdtempSync(join(tmpdir(), 'troupe-test-'))
    onTestFinished(() => rmSync(path, { recursive: true }))
    return path
  }

  it('may have spaces', async () => {
    await using pull = new ZMQPull(`ipc://${folder()}/with space`)
    await using push = new ZMQPush(await pull.endpoint())
    await push.send('x')
    expect(await pull.receive()).toBe('x')
  })

  it('in a folder that does not exist is refused', async () => {
    await using pull = new ZMQPull(`ipc://${folder()}/no/such`)
    await expect(pull.ready()).rejects.toMatchObject({ code: 'ENDPOINT_UNAVAILABLE', cause: { code: 'ENOENT' } })
  })

  it('where a file lies is refused, and the file is left alone', async () => {
    const file = join(folder(), 'data.json')
    writeFileSync(file, 'precious')
    await using pull = new ZMQPull(`ipc://${file}`)
    await expect(pull.ready()).rejects.toMatchObject({ code: 'ENDPOINT_UNAVAILABLE', cause: { code: 'EEXIST' } })
    expect(readFileSync(file, 'utf8')).toBe('precious')
  })

  it('where a program that is no ZeroMQ listens is refused', async () => {
    const file = join(folder(), 'server')
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(file, resolve))
    onTestFinished(() => new Promise((resolve) => server.close(() => resolve())))
    await using pull = new ZMQPull(`ipc://${file}`)
    await expect(pull.ready()).rejects.toMatchObject({ code: 'ENDPOINT_IN_USE' })
    expect(statSync(file).isSocket()).toBe(true)
  })

  it('that a dead process has left is taken over', async () => {
    const file = join(folder(), 'stale')
    const { execFileSync } = await import('node:child_process')
    const script = `require('net').createServer().listen(${JSON.stringify(file)}, () => process.kill(process.pid, 'SIGKILL'))`
    expect(() => execFileSync(process.execPath, ['-e', script])).toThrow(expect.objectContaining({ signal: 'SIGKILL' }))
    expect(statSync(file).isSocket()).toBe(true)
    await using pull = new ZMQPull(`ipc://${file}`)
    await expect(pull.ready()).resolves.toBeUndefined()
  })

  it('that was left open is in a private folder, and gone after close', async () => {
    const pull = new ZMQPull('ipc://*')
    const path = (await pull.endpoint()).replace('ipc://', '')
    expect(statSync(dirname(path)).mode & 0o777).toBe(0o700)
    await pull.unbind('ipc://*')
    const second = (await pull.bind('ipc://*')).replace('ipc://', '')
    await pull.close()
    expect([existsSync(path), existsSync(second)]).toEqual([false, false])
  })
})
