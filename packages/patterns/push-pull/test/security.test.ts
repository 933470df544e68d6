/**
 * The option `security`, which is the same for all sockets: who is let in, who is not, and what else is encrypted.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Certificate, CertificateStore, ZMQAuthenticator, ZMQMonitor } from '@troupe/core'
import { ZMQPull, ZMQPush } from '@troupe/push-pull'
import { anyEndpoint, WIRES } from '@troupe/testing'
import { recordedThrough } from '@troupe/testing/tcp-proxy'
import { describe, expect, it, onTestFinished } from 'vitest'
import * as zeromq from 'zeromq'

const run = promisify(execFile)

const [server, client, stranger] = [
  Certificate.generate({ name: 'server' }),
  Certificate.generate({ name: 'client' }),
  Certificate.generate(),
]

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'troupe-test-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** What becomes of the first attempt of a push socket to connect. */
async function attempt(endpoint: string, security?: object): Promise<string> {
  await using push = new ZMQPush(undefined, {
    security: security as never,
    reconnectIntervalMs: -1,
    lingerMs: 0,
    handshakeTimeoutMs: 2_000,
  })
  using monitor = new ZMQMonitor(push)
  await push.connect(endpoint)
  for await (const event of monitor) {
    if (event.type === 'handshake_succeeded') return 'in'
    if (event.type === 'handshake_failed') return event.reason
    if (event.type === 'disconnected') return 'cut off'
  }
  return 'closed'
}

describe.each(WIRES)('over %s', (transport) => {
  it('CURVE lets in whom the listener trusts, and the other ways are refused', async () => {
    await using pull = new ZMQPull(anyEndpoint(transport), { security: { certificate: server, trust: client } })
    const endpoint = await pull.endpoint()
    expect(await attempt(endpoint, { certificate: client, trust: server })).toBe('in')
    expect(await attempt(endpoint, { certificate: stranger, trust: server }), 'a key that is not trusted').toBe('auth')
    expect(await attempt(endpoint, { trust: server }), 'a new key').toBe('auth')
    expect(await attempt(endpoint, { certificate: client, trust: stranger }), 'a wrong server key').not.toBe('in')
    expect(await attempt(endpoint), 'no key').not.toBe('in')
    expect(await attempt(endpoint, { mechanism: 'plain', username: 'x', password: 'y' }), 'PLAIN').not.toBe('in')
    expect(pull.stats.denied).toBe(2)
    await using push = new ZMQPush(endpoint, { security: { certificate: client, trust: server } })
    await push.send('hello')
    expect(await pull.receive()).toBe('hello')
  })

  it('who connects does not talk to whom it does not trust', async () => {
    await using open = new ZMQPull(anyEndpoint(transport))
    expect(await attempt(await open.endpoint(), { certificate: client, trust: server })).not.toBe('in')
  })

  it('a key that is removed from the folder is refused at its next handshake, and what is connected stays', async () => {
    const folder = await temporaryFolder()
    await client.savePublic(join(folder, 'client'))
    await using pull = new ZMQPull(anyEndpoint(transport), { security: { certificate: server, trust: folder } })
    const endpoint = await pull.endpoint()
    const security = { certificate: client, trust: server }
    await using push = new ZMQPush(endpoint, { security })
    await push.send('1')
    expect(await pull.receive()).toBe('1')
    await rm(join(folder, 'client'))
    expect(await attempt(endpoint, security)).toBe('auth')
    await push.send('2')
    expect(await pull.receive()).toBe('2')
    await client.savePublic(join(folder, 'client'))
    expect(await attempt(endpoint, security)).toBe('in')
  })

  it('anyone is let in where anyone is trusted', async () => {
    await using pull = new ZMQPull(anyEndpoint(transport), { security: { certificate: server, trust: 'anyone' } })
    expect(await attempt(await pull.endpoint(), { trust: server })).toBe('in')
  })

  it('no more are let in than may be connected, until one goes', async () => {
    // Who is too many waits, and is cut off when its handshake has taken too long.
    await using pull = new ZMQPull(anyEndpoint(transport), { maxConnections: 2, handshakeTimeoutMs: 500 })
    const endpoint = await pull.endpoint()
    await using one = new ZMQPush(endpoint)
    await using two = new ZMQPush(endpoint)
    await one.send('1')
    await two.send('2')
    expect([await pull.receive(), await pull.receive()].sort()).toEqual(['1', '2'])
    expect(await attempt(endpoint)).not.toBe('in')
    expect(pull.stats.denied).toBe(1)
    await two.close()
    await expect.poll(() => attempt(endpoint), { timeout: 10_000 }).toBe('in')
  })

  it('those that are too many wait, and are let in as others go, however many wait', async () => {
    await using pull = new ZMQPull(anyEndpoint(transport), { maxConnections: 2 })
    const endpoint = await pull.endpoint()
    const pushes = Array.from({ length: 12 }, () => new ZMQPush(endpoint))
    await Promise.all(pushes.map((push, n) => push.send(String(n))))
    const came: number[] = []
    while (came.length < pushes.length) {
      came.push(Number(await pull.receive()))
      await pushes[came.at(-1)!]!.close()
    }
    expect(new Set(came).size).toBe(pushes.length)
  })

  it('who is not trusted is refused at once, though all places are taken', async () => {
    await using pull = new ZMQPull(anyEndpoint(transport), {
      maxConnections: 1,
      security: { certificate: server, trust: client },
    })
    const endpoint = await pull.endpoint()
    await using push = new ZMQPush(endpoint, { security: { certificate: client, trust: server } })
    await push.send('1')
    expect(await pull.receive()).toBe('1')
    expect(await attempt(endpoint, { certificate: stranger, trust: server })).toBe('auth')
  })

  it('PLAIN lets in who knows the password', async () => {
    await using guard = new ZMQAuthenticator({ plain: { ann: 'secret' } })
    await using pull = new ZMQPull(anyEndpoint(transport), { security: { mechanism: 'plain', trust: guard } })
    const endpoint = await pull.endpoint()
    expect(await attempt(endpoint, { mechanism: 'plain', username: 'ann', password: 'secret' })).toBe('in')
    expect(await attempt(endpoint, { mechanism: 'plain', username: 'ann', password: 'wrong' })).toBe('auth')
    expect(await attempt(endpoint, { mechanism: 'plain', username: 'constructor', password: 'wrong' })).toBe('auth')
    expect(await attempt(endpoint)).not.toBe('in')
    expect(guard.stats).toEqual({ allowed: 1, denied: { address: 0, credentials: 2, limit: 0, malformed: 0 } })
  })

  it('a socket is one end of CURVE for what it binds, and the other for what it connects to', async () => {
    const security = { certificate: server, trust: server }
    await using first = new ZMQPull(anyEndpoint(transport), { security })
    await using both = new ZMQPush(await first.endpoint(), { security })
    await both.bind(anyEndpoint(transport))
    await using second = new ZMQPull(`>${await both.endpoint()}`, { security })
    await both.send('1')
    expect(await first.receive()).toBe('1')
    await both.disconnect(await first.endpoint())
    await both.send('2')
    expect(await second.receive()).toBe('2')
  })
})

it('a peer of another address is refused by the rules of addresses, without encryption too', async () => {
  await using guard = new ZMQAuthenticator({ deny: ['127.0.0.0/8'] })
  await using pull = new ZMQPull('tcp://127.0.0.1:*', { security: { mechanism: 'null', trust: guard } })
  expect(await attempt(await pull.endpoint())).not.toBe('in')
  guard.allow('127.0.0.1')
  expect(await attempt(await pull.endpoint()), 'who is in the allow list is not asked for the other').toBe('in')
  expect(guard.stats.denied.address).toBe(1)
})

it('who is allowed by address must still show a key', async () => {
  await using guard = new ZMQAuthenticator({ allow: ['127.0.0.1'], curve: client })
  await using pull = new ZMQPull('tcp://127.0.0.1:*', { security: { certificate: server, trust: guard } })
  expect(await attempt(await pull.endpoint(), { certificate: stranger, trust: server })).toBe('auth')
  expect(await attempt(await pull.endpoint(), { certificate: client, trust: server })).toBe('in')
})

it('with an authenticator that is closed nobody is let in', async () => {
  await using guard = new ZMQAuthenticator({ curve: client })
  await using pull = new ZMQPull('tcp://127.0.0.1:*', { security: { certificate: server, trust: guard } })
  const endpoint = await pull.endpoint()
  await guard.close()
  expect(await attempt(endpoint, { certificate: client, trust: server })).toBe('auth')
})

it('what was sent cannot be read on the way', async () => {
  await using pull = new ZMQPull('tcp://127.0.0.1:*', { security: { certificate: server, trust: client } })
  const { port } = new URL(await pull.endpoint())
  const text = 'a text that nobody else shall read'
  const seen = await recordedThrough(Number(port), async (through) => {
    await using push = new ZMQPush(`tcp://127.0.0.1:${through}`, { security: { certificate: client, trust: server } })
    await push.send(text)
    expect(await pull.receive()).toBe(text)
  })
  expect(seen.length).toBeGreaterThan(text.length)
  expect(seen.includes(text)).toBe(false)
})

describe('is refused with a clear error', () => {
  it.each([
    ['a listener without a certificate', '@tcp://127.0.0.1:*', { trust: client }, 'certificate'],
    [
      'a certificate without its secret key',
      '@tcp://127.0.0.1:*',
      { certificate: server.publicOnly(), trust: client },
      'secret file',
    ],
    ['whoever is connected to', '>tcp://127.0.0.1:1', { trust: 'anyone' }, 'the one certificate'],
    ['two that are connected to', '>tcp://127.0.0.1:1', { trust: [server, stranger] }, 'not 2'],
    [
      'a password where it listens',
      '@tcp://127.0.0.1:*',
      { mechanism: 'plain', username: 'x', password: 'y' },
      'username',
    ],
  ])('%s', async (_, endpoint, security, why) => {
    await using push = new ZMQPush(endpoint, { security: security as never })
    await expect(push.ready()).rejects.toMatchObject({ code: 'INVALID_OPTIONS', message: expect.stringContaining(why) })
  })

  it('a certificate that is not there', async () => {
    await using push = new ZMQPush('tcp://127.0.0.1:1', { security: { certificate: '/nowhere', trust: server } })
    await expect(push.ready()).rejects.toMatchObject({ code: 'CERTIFICATE_UNREADABLE', path: '/nowhere' })
  })

  it.each([
    [{ trust: '' }],
    [{ trust: [] }],
    [{ trust: 5 }],
    [{ certificate: 7, trust: server }],
    [{ certificate: server }],
    [{ mechanism: 'null' }],
  ])('what is no security: %j', (security) => {
    expect(() => new ZMQPush(undefined, { security: security as never })).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTIONS' }),
    )
  })

  it.each(['localhost.example', '10.0.0.0/33', '10.0.0.0/8/8', '10.0.0.0/', ''])(
    'what is no address: %j',
    (address) => {
      expect(() => new ZMQAuthenticator({ deny: [address] })).toThrow(
        expect.objectContaining({ code: 'INVALID_OPTIONS' }),
      )
    },
  )

  it('a second authenticator of a domain', async () => {
    await using first = new ZMQAuthenticator({ domain: 'one' })
    await first.ready()
    await using second = new ZMQAuthenticator({ domain: 'one' })
    await expect(second.ready()).rejects.toMatchObject({
      code: 'SOCKET_FAILED',
      message: expect.stringContaining('"one"'),
    })
  })
})

it('a program ends by itself when it has closed a socket that limits its connections', async () => {
  const program = `
    import { ZMQPull } from '@troupe/push-pull'
    const pull = new ZMQPull('tcp://127.0.0.1:*', { maxConnections: 1 })
    await pull.ready()
    await pull.close()`
  const ended = run(process.execPath, ['--input-type=module', '--eval', program], { cwd: import.meta.dirname })
  await expect(ended).resolves.toMatchObject({ stderr: '' })
})

describe('beyond this machine', () => {
  it('a socket without encryption warns, once in a process', async () => {
    const program = `
      import { Certificate } from '@troupe/core'
      import { ZMQPull } from '@troupe/push-pull'
      const keys = Certificate.generate()
      for (const options of [{ security: { certificate: keys, trust: keys } }, { insecure: true }, {}, {}]) {
        const pull = new ZMQPull('tcp://*:*', options)
        await pull.ready()
        await pull.close()
        process.stderr.write('.')
        await new Promise(setImmediate)
      }`
    const { stderr } = await run(process.execPath, ['--input-type=module', '--eval', program], {
      cwd: import.meta.dirname,
    })
    expect(stderr).toMatch(/^\.\.\..*InsecureEndpointWarning: .*tcp:\/\/\*:\*[^.]*.*security.*insecure: true.*\.$/s)
    expect(stderr.match(/InsecureEndpointWarning/g)).toHaveLength(1)
  })
})

describe.skipIf(process.platform === 'win32')('the file of an ipc endpoint', () => {
  it('can be reached by its user alone, and is removed when the socket is closed or has unbound it', async () => {
    const folder = await temporaryFolder()
    const mask = process.umask(0)
    const pull = new ZMQPull(`ipc://${folder}/a,ipc://${folder}/b`)
    await pull.ready()
    process.umask(mask)
    for (const name of ['a', 'b']) expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600)
    await pull.unbind(`ipc://${folder}/a`)
    await expect(stat(join(folder, 'a'))).rejects.toMatchObject({ code: 'ENOENT' })
    await pull.close()
    await expect(stat(join(folder, 'b'))).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('is left to whoever has bound it meanwhile', async () => {
    const folder = await temporaryFolder()
    const endpoint = `ipc://${folder}/a`
    const first = new ZMQPull(endpoint)
    await first.ready()
    await rm(join(folder, 'a'))
    await using second = new ZMQPull(endpoint)
    await second.ready()
    await first.close()
    await using push = new ZMQPush(endpoint)
    await push.send('still there')
    expect(await second.receive()).toBe('still there')
  })

  it('of an open path lies in a folder that its user alone can enter', async () => {
    await using pull = new ZMQPull('ipc://*')
    const path = (await pull.endpoint()).slice('ipc://'.length)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect((await stat(join(path, '..'))).mode & 0o777).toBe(0o700)
  })
})

it('a socket that is watched says truly why it cannot bind', async () => {
  await using first = new ZMQPull('tcp://127.0.0.1:*')
  await using second = new ZMQPull(undefined, { maxConnections: 5 })
  await expect(second.bind(await first.endpoint())).rejects.toMatchObject({ code: 'ENDPOINT_IN_USE' })
  await expect(second.bind('tcp://192.0.2.1:5555')).rejects.toMatchObject({ code: 'ENDPOINT_UNAVAILABLE' })
})

it('a store that was given is asked at every handshake', async () => {
  const folder = await temporaryFolder()
  const store = await CertificateStore.open(folder)
  await using pull = new ZMQPull('tcp://127.0.0.1:*', { security: { certificate: server, trust: store } })
  const security = { certificate: client, trust: server }
  expect(await attempt(await pull.endpoint(), security)).toBe('auth')
  await client.savePublic(join(folder, 'x'))
  expect(await attempt(await pull.endpoint(), security)).toBe('in')
})

it('a certificate whose metadata are names of libzmq is let in as any other', async () => {
  const odd = Certificate.generate({ 'Socket-Type': 'PUB', 'socket-type': 'x', Identity: 'x', 'User-Id': 'x' })
  await using pull = new ZMQPull('tcp://127.0.0.1:*', { security: { certificate: server, trust: odd } })
  expect(await attempt(await pull.endpoint(), { certificate: odd, trust: server })).toBe('in')
})

describe('several sockets and authenticators', () => {
  it('of one process each let in their own, and each socket counts what it refused', async () => {
    await using shared = new ZMQAuthenticator({ curve: client })
    await using other = new ZMQAuthenticator({ curve: stranger })
    const certificate = server
    await using one = new ZMQPull('tcp://127.0.0.1:*', { security: { certificate, trust: shared } })
    await using two = new ZMQPull('tcp://127.0.0.1:*', { security: { certificate, trust: shared } })
    await using three = new ZMQPull('tcp://127.0.0.1:*', { security: { certificate, trust: other } })
    await using four = new ZMQPull('tcp://127.0.0.1:*', { security: { certificate, trust: stranger } })
    const ends = await Promise.all([one, two, three, four].map((socket) => socket.endpoint()))
    for (const [index, endpoint] of ends.entries()) {
      const isForClient = index < 2
      expect(await attempt(endpoint, { certificate: client, trust: server })).toBe(isForClient ? 'in' : 'auth')
    }
    expect(await attempt(ends[1]!, { certificate: stranger, trust: server })).toBe('auth')
    expect(await attempt(ends[2]!, { certificate: stranger, trust: server })).toBe('in')
    expect([one, two, three, four].map(({ stats }) => stats.denied)).toEqual([0, 1, 1, 1])
    expect(shared.stats).toMatchObject({ allowed: 2, denied: { credentials: 1 } })
    expect(other.stats).toMatchObject({ allowed: 1, denied: { credentials: 1 } })
  })

  it('that are closed and opened again at once let in and refuse as the first did', async () => {
    for (let round = 0; round < 20; round++) {
      await using guard = new ZMQAuthenticator({ curve: client, domain: 'again' })
      await using pull = new ZMQPull('tcp://127.0.0.1:*', { security: { certificate: server, trust: guard } })
      const endpoint = await pull.endpoint()
      expect(await attempt(endpoint, { certificate: client, trust: server })).toBe('in')
      expect(await attempt(endpoint, { certificate: stranger, trust: server })).toBe('auth')
    }
  })

  it('that are closed while peers shake hands close, and the others go on', async () => {
    await using pull = new ZMQPull('tcp://127.0.0.1:*', { security: { certificate: server, trust: client } })
    const going = new ZMQPull('tcp://127.0.0.1:*', { security: { certificate: server, trust: client } })
    const security = { certificate: client, trust: server }
    const pushes = await Promise.all(
      [await going.endpoint(), await pull.endpoint()].flatMap((endpoint) =>
        Array.from({ length: 20 }, () => new ZMQPush(endpoint, { security, lingerMs: 0 })),
      ),
    )
    await going.close()
    await Promise.all(pushes.slice(20).map((push) => push.send('x')))
    for (let n = 0; n < 20; n++) expect(await pull.receive()).toBe('x')
    await Promise.all(pushes.map((push) => push.close()))
  })

  it('take a thousand handshakes at once, of whom they trust and of strangers, and let in none of these', async () => {
    const folder = await temporaryFolder()
    await client.savePublic(join(folder, 'client'))
    await using guard = new ZMQAuthenticator({ curve: folder })
    await using pull = new ZMQPull('tcp://127.0.0.1:*', {
      security: { certificate: server, trust: guard },
      backlog: 2_000,
    })
    const endpoint = await pull.endpoint()
    const pushes = Array.from({ length: 20 }, (_, index) => {
      const certificate = index % 2 === 0 ? client : stranger
      return new ZMQPush(undefined, { security: { certificate, trust: server }, lingerMs: 0 })
    })
    for (let n = 0; n < 50; n++) await Promise.all(pushes.map((push) => push.connect(endpoint)))
    const counts = () => [guard.stats.allowed, guard.stats.denied.credentials]
    await expect.poll(counts, { timeout: 40_000 }).toEqual([500, 500])
    await pushes[0]!.send('x')
    expect(await pull.receive()).toBe('x')
    await Promise.all(pushes.map((push) => push.close()))
  })

  it('are in one thread of a process; in another the error says so', async () => {
    await using first = new ZMQPull('tcp://127.0.0.1:*', { security: { certificate: server, trust: client } })
    await first.ready()
    const script = `
      import { Worker } from 'node:worker_threads'
      import { Certificate } from '@troupe/core'
      import { ZMQPull } from '@troupe/push-pull'
      const certificate = Certificate.generate()
      const pull = new ZMQPull('tcp://127.0.0.1:*', { security: { certificate, trust: certificate } })
      await pull.ready()
      const worker = new Worker(\`
        import('@troupe/core').then(async ({ Certificate }) => {
          const { ZMQPull } = await import('@troupe/push-pull')
          const certificate = Certificate.generate()
          const pull = new ZMQPull('tcp://127.0.0.1:*', { security: { certificate, trust: certificate } })
          await pull.ready().catch(({ code, message }) => console.log(code, message))
          await pull.close()
        })\`, { eval: true })
      await new Promise((resolve) => worker.once('exit', resolve))
      await pull.close()`
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], { cwd: import.meta.dirname })
    expect(stdout).toMatch(/^SOCKET_FAILED .*another thread/)
  })
})

describe('a program exits by itself', () => {
  const program = (script: string) => {
    const all = `
      import { Certificate, ZMQAuthenticator } from '@troupe/core'
      import { ZMQPull, ZMQPush } from '@troupe/push-pull'
      const [certificate, trust] = [Certificate.generate(), Certificate.generate()]
      ${script}
      process.on('exit', (code) => console.log('exit', code))`
    const options = { cwd: import.meta.dirname, timeout: 30_000 }
    return run(process.execPath, ['--input-type=module', '-e', all], options)
  }
  const exited = { stdout: 'exit 0\n', stderr: '' }

  it.each([
    [
      'with all disposed of, after peers were let in and refused',
      `const guard = new ZMQAuthenticator({ domain: 'named', curve: trust })
       const pull = new ZMQPull('tcp://127.0.0.1:*', { security: { certificate, trust: guard } })
       const endpoint = await pull.endpoint()
       const push = new ZMQPush(endpoint, { security: { certificate: trust, trust: certificate } })
       const stranger = new ZMQPush(endpoint, { security: { trust: certificate } })
       await push.send('x')
       await pull.receive()
       for (const one of [push, stranger, pull, guard]) await one.close()`,
    ],
    [
      'with an authenticator that is open while its sockets are closed',
      `const guard = new ZMQAuthenticator({ curve: trust })
       await guard.ready()
       const pull = new ZMQPull('tcp://127.0.0.1:*', { security: { certificate, trust: guard } })
       await pull.ready()
       await pull.close()`,
    ],
    [
      'with an authenticator that was closed before its sockets',
      `const guard = new ZMQAuthenticator({ curve: trust })
       const pull = new ZMQPull('tcp://127.0.0.1:*', { security: { certificate, trust: guard } })
       await pull.ready()
       await guard.close()
       await pull.close()`,
    ],
    [
      'with a limit of connections and no security',
      `const pull = new ZMQPull('tcp://127.0.0.1:*', { maxConnections: 1 })
       await pull.ready()
       await pull.close()`,
    ],
    [
      'with sockets that were closed at any moment of their opening',
      `const guard = new ZMQAuthenticator({ curve: trust })
       for (const who of [guard, trust]) for (let turns = 0; turns < 40; turns++) {
         const pull = new ZMQPull('tcp://127.0.0.1:*', { security: { certificate, trust: who } })
         for (let turn = 0; turn < turns; turn++) await undefined
         await pull.close()
       }
       await guard.close()`,
    ],
  ])('%s', async (_, script) => {
    expect(await program(script)).toEqual(exited)
  })
})

describe('a peer that was refused', () => {
  it('for its key does not come again by itself, when it would be let in too, until it is connected anew', async () => {
    const folder = await temporaryFolder()
    await using pull = new ZMQPull('tcp://127.0.0.1:*', { security: { certificate: server, trust: folder } })
    const endpoint = await pull.endpoint()
    const security = { certificate: client, trust: server }
    await using push = new ZMQPush(undefined, { security, reconnectIntervalMs: 1 })
    using monitor = new ZMQMonitor(push)
    await push.connect(endpoint)
    for await (const { type } of monitor) if (type === 'handshake_failed') break
    await client.savePublic(join(folder, 'client'))
    // Each of these takes as long as several of its intervals.
    for (let n = 0; n < 20; n++) expect(await attempt(endpoint, { certificate: stranger, trust: server })).toBe('auth')
    expect(await attempt(endpoint, security)).toBe('in')
    expect(pull.stats.denied).toBe(21)
    await push.disconnect(endpoint)
    await push.connect(endpoint)
    await push.send('anew')
    expect(await pull.receive()).toBe('anew')
    expect(pull.stats.denied).toBe(21)
  })

  it('as one too many comes again by itself until there is room', async () => {
    await using pull = new ZMQPull('tcp://127.0.0.1:*', { maxConnections: 1, handshakeTimeoutMs: 300 })
    const endpoint = await pull.endpoint()
    await using one = new ZMQPush(endpoint)
    await one.send('1')
    expect(await pull.receive()).toBe('1')
    await using two = new ZMQPush(endpoint)
    await two.send('2')
    await expect.poll(() => pull.stats.denied, { timeout: 10_000 }).toBeGreaterThanOrEqual(2)
    await one.close()
    expect(await pull.receive()).toBe('2')
  })
})

describe('a peer', () => {
  it('whose end cannot be told from that of one who was let in gives nobody a place too many', async () => {
    await using pull = new ZMQPull('tcp://127.0.0.1:*', { maxConnections: 2, maxMessageBytes: 1_000 })
    const endpoint = await pull.endpoint()
    const pushes = Array.from({ length: 6 }, () => new ZMQPush(undefined, { reconnectIntervalMs: 1, lingerMs: 0 }))
    onTestFinished(async () => void (await Promise.all(pushes.map((push) => push.close()))))
    let letIn = 0
    for (const push of pushes) {
      const monitor = new ZMQMonitor(push)
      onTestFinished(() => monitor.close())
      void (async () => {
        for await (const { type } of monitor) if (type === 'handshake_succeeded') letIn++
      })()
      await push.connect(endpoint)
    }
    await expect.poll(() => pull.stats.denied, { timeout: 10_000 }).toBeGreaterThanOrEqual(4)
    // In the handshake, and while they wait, they send a frame that is too large: libzmq says of each only that it is gone.
    const greeting = Buffer.concat([
      Buffer.from('ff00000000000000017f0300', 'hex'),
      Buffer.from('NULL'),
      Buffer.alloc(48),
    ])
    const ghosts = Array.from({ length: 6 }, () => connect(Number(new URL(endpoint).port), '127.0.0.1').resume())
    await Promise.all(ghosts.map((ghost) => new Promise((resolve) => ghost.once('connect', resolve))))
    const gone = ghosts.map((ghost) => new Promise((resolve) => ghost.once('close', resolve)))
    for (const ghost of ghosts) ghost.write(Buffer.concat([greeting, Buffer.from('020000000000010000', 'hex')]))
    await Promise.all(gone)
    const before = pull.stats.denied
    await expect.poll(() => pull.stats.denied, { timeout: 10_000 }).toBeGreaterThanOrEqual(before + 8)
    expect(letIn).toBe(2)
  })

  it('that never shakes hands counts, and is cut off in time', async () => {
    await using pull = new ZMQPull('tcp://127.0.0.1:*', { maxConnections: 1, handshakeTimeoutMs: 1_500 })
    const endpoint = await pull.endpoint()
    const silent = connect(Number(new URL(endpoint).port), '127.0.0.1').resume()
    const ended = new Promise((resolve) => silent.once('close', resolve))
    await new Promise((resolve) => silent.once('data', resolve))
    await using push = new ZMQPush(endpoint)
    await push.send('x')
    expect(await pull.receive()).toBe('x')
    expect(pull.stats.denied).toBeGreaterThanOrEqual(1)
    await ended
  })

  it('is one of many who connect at once, of whom no more are let in than may be', async () => {
    await using pull = new ZMQPull('tcp://127.0.0.1:*', { maxConnections: 3, handshakeTimeoutMs: 1_000 })
    const endpoint = await pull.endpoint()
    await using push = new ZMQPush()
    using monitor = new ZMQMonitor(push)
    await push.ready()
    const other = new zeromq.Request({ linger: 0 })
    onTestFinished(() => other.close())
    other.connect('inproc://zeromq.zap.01')
    const request = ['1.0', '1', 'nobody', '', '', 'NULL']
    await other.send(request)
    await other.receive()
    // The thread is held up while they come: all that was asked is there to be read then, before what says that they came.
    const asking = other.send(request)
    await Promise.all(Array.from({ length: 60 }, () => push.connect(endpoint)))
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500)
    await asking
    let letIn = 0
    void (async () => {
      for await (const { type } of monitor) if (type === 'handshake_succeeded') letIn++
    })()
    await expect.poll(() => pull.stats.denied, { timeout: 10_000 }).toBeGreaterThanOrEqual(57)
    expect(letIn).toBe(3)
  })

  it('of another mechanism does not come again by itself', async () => {
    await using pull = new ZMQPull('tcp://127.0.0.1:*', { security: { certificate: server, trust: client } })
    const endpoint = await pull.endpoint()
    await using push = new ZMQPush(undefined, { reconnectIntervalMs: 1 })
    using monitor = new ZMQMonitor(push)
    const seen: string[] = []
    const failed = new Promise<void>((resolve) => {
      void (async () => {
        for await (const event of monitor) {
          seen.push(event.type)
          if (event.type === 'handshake_failed' && event.reason === 'protocol') resolve()
        }
      })()
    })
    await push.connect(endpoint)
    await failed
    // Each of these takes as long as several of its intervals.
    for (let n = 0; n < 20; n++) expect(await attempt(endpoint, { certificate: client, trust: server })).toBe('in')
    expect(seen.filter((type) => type === 'connected')).toHaveLength(1)
  })

  it('with the key of another listener comes again by itself, in vain', async () => {
    await using pull = new ZMQPull('tcp://127.0.0.1:*', { security: { certificate: server, trust: 'anyone' } })
    await using push = new ZMQPush(undefined, { security: { trust: stranger }, reconnectIntervalMs: 1 })
    using monitor = new ZMQMonitor(push)
    await push.connect(await pull.endpoint())
    const seen: string[] = []
    for await (const { type } of monitor) {
      seen.push(type)
      if (seen.filter((one) => one === 'connected').length === 3) break
    }
    expect(seen).not.toContain('handshake_succeeded')
    expect(pull.stats.denied).toBe(0)
  })
})

it('a file that is trusted is read once: it is a folder that may change', async () => {
  const folder = await temporaryFolder()
  const file = join(folder, 'client')
  await client.savePublic(file)
  await using pull = new ZMQPull('tcp://127.0.0.1:*', { security: { certificate: server, trust: file } })
  const endpoint = await pull.endpoint()
  await stranger.savePublic(file)
  expect(await attempt(endpoint, { certificate: client, trust: server })).toBe('in')
  expect(await attempt(endpoint, { certificate: stranger, trust: server })).toBe('auth')
})

it('a message of many parts is bounded by the part alone', async () => {
  await using pull = new ZMQPull('tcp://127.0.0.1:*', { codec: 'frames', maxMessageBytes: 100 })
  await using push = new ZMQPush(await pull.endpoint(), { codec: 'frames' })
  const parts = Array<string>(1_000).fill('0123456789'.repeat(10))
  await push.send(parts)
  expect(await pull.receive()).toHaveLength(1_000)
})
