/**
 * Services with `security`: who is let in, who is told what, and what a handler knows of who calls.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { health, type Middleware, RefusedError } from '@troupe/actors/rpc'
import { Certificate, CertificateStore, type CurveSecurity, ZMQAuthenticator } from '@troupe/core'
import { anyEndpoint, WIRES } from '@troupe/testing'
import { TcpProxy } from '@troupe/testing/tcp-proxy'
import { describe, expect, it, onTestFinished } from 'vitest'
import { clientOf as deskClient, openDesk } from './open-desk.js'
import { openClient, openKitchen, until } from './open-service.js'

const [server, ann, bob, stranger] = [
  Certificate.generate({ name: 'kitchen' }),
  Certificate.generate({ name: 'Ann', email: 'ann@example.org', role: 'cook' }),
  Certificate.generate({ name: 'Bob', role: 'guest' }),
  Certificate.generate({ name: 'somebody' }),
]
const trusting = (trust: CurveSecurity['trust']) => ({ security: { certificate: server, trust } })
const as = (certificate?: Certificate | string, trust: CurveSecurity['trust'] = server) => ({
  security: { trust, ...(certificate !== undefined && { certificate }) },
})
const identityOf = ({ publicKey, metadata }: Certificate) => ({ publicKey, metadata })

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'troupe-test-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** A service that trusts Ann, and what befalls a call of this client to it. */
async function callOf(client: object, service: object = trusting(ann)) {
  const { endpoint } = await openKitchen(service)
  const error = await openClient([endpoint], client)
    .echo(1)
    .catch((cause: unknown) => cause)
  return { endpoint, error }
}

describe.each(WIRES)('a secured service over %s', (transport) => {
  it.each(['msgpack', 'json'] as const)('serves whom it trusts, and knows who it is, in %s', async (codec) => {
    const service = await openKitchen({ endpoint: anyEndpoint(transport), ...trusting([ann, bob]) })
    for (const one of [ann, bob]) {
      const client = openClient(service, { ...as(one), codec })
      expect(await client.echo('hello')).toBe('hello')
      expect(await client.who()).toEqual(identityOf(one))
    }
    expect(service.stats).toMatchObject({ denied: 0, violations: 0 })
  })

  it('serves anyone where anyone is trusted: who has a certificate has proven its key, who has none is nobody', async () => {
    const service = await openKitchen({ endpoint: anyEndpoint(transport), ...trusting('anyone') })
    expect(await openClient(service, as(ann)).who()).toEqual({ publicKey: ann.publicKey, metadata: {} })
    expect(await openClient(service, as()).who()).toBe('nobody')
  })

  it.each(['process', 'thread'] as const)('tells its workers who calls: in a %s', async (isolation) => {
    const service = await openKitchen({ endpoint: anyEndpoint(transport), isolation, workers: 2, ...trusting(ann) })
    const client = openClient(service, as(ann))
    expect(await Promise.all([client.who(), client.who(), client.who()])).toEqual(Array(3).fill(identityOf(ann)))
  })
})

describe('whom a service trusts', () => {
  it('is an authenticator, with its rules and its certificates', async () => {
    await using guard = new ZMQAuthenticator({ curve: [ann, bob] })
    const service = await openKitchen(trusting(guard))
    expect(await openClient(service, as(bob)).who()).toEqual(identityOf(bob))
    guard.deny('127.0.0.1')
    await expect(openClient(service, as(ann)).echo(1)).rejects.toMatchObject({ code: 'ACCESS_DENIED' })
    expect(service.stats.denied).toBe(1)
  })

  it('is a folder: a key that is added while its client lives is let in, and one that is removed is refused', async () => {
    const folder = await temporaryFolder()
    const [clientFile, serverFile] = [join(folder, 'own', 'client'), join(folder, 'own', 'server')]
    await Promise.all([mkdir(join(folder, 'own')), mkdir(join(folder, 'trusted'))])
    await Promise.all([ann.save(clientFile), server.save(serverFile)])
    const service = await openKitchen({ security: { certificate: serverFile, trust: join(folder, 'trusted') } })
    const client = openClient(service, {
      ...as(clientFile, serverFile),
      reconnect: { minMs: 10, maxMs: 10, factor: 1, jitter: 0 },
    })
    await expect(client.echo(1)).rejects.toMatchObject({
      ...{ code: 'ACCESS_DENIED', retryable: false, notRun: true },
      message: expect.stringContaining(`add the certificate with the key ${ann.publicKey}`),
    })
    await ann.savePublic(join(folder, 'trusted', 'ann'))
    await client.ready()
    expect(await client.who()).toEqual(identityOf(ann))
    await rm(join(folder, 'trusted', 'ann'))
    await expect(openClient(service, as(ann)).echo(1)).rejects.toMatchObject({ code: 'ACCESS_DENIED' })
    expect(await client.echo('who is connected stays')).toBe('who is connected stays')
  })

  it('is asked again when the key is proven: one that was removed since the handshake is refused', async () => {
    const folder = await temporaryFolder()
    await ann.savePublic(join(folder, 'ann'))
    const store = await CertificateStore.open(folder)
    let asked = 0
    const find = store.find.bind(store)
    store.find = (key) => (++asked > 1 ? Promise.resolve(undefined) : find(key))
    const service = await openKitchen(trusting(store))
    const client = openClient(service, { ...as(ann), reconnect: { minMs: 60_000, maxMs: 60_000 } })
    await expect(client.echo(1)).rejects.toMatchObject({
      code: 'ACCESS_DENIED',
      message: expect.stringContaining('its key is not trusted'),
    })
    expect(asked).toBe(2)
    expect(service.stats).toMatchObject({ denied: 1, sessions: 0 })
  })
})

describe('a client is told, at once, why it is not served', () => {
  it('because its key is not trusted', async () => {
    const { endpoint, error } = await callOf(as(stranger))
    expect(error).toMatchObject({ code: 'ACCESS_DENIED', retryable: false, notRun: true })
    expect((error as Error).message).toContain(endpoint)
    expect((error as Error).message).toContain(stranger.publicKey)
  })

  it('because it has no certificate', async () => {
    const { error } = await callOf(as())
    expect(error).toMatchObject({
      code: 'ACCESS_DENIED',
      message: expect.stringContaining('give the client a certificate (security.certificate)'),
    })
  })

  it('because the service is secured, and it is not', async () => {
    const { error } = await callOf({})
    expect(error).toMatchObject({
      code: 'ACCESS_DENIED',
      message: expect.stringContaining('give this client `security: { certificate, trust }`'),
    })
  })

  it('because it is secured, and the service is not', async () => {
    const { error } = await callOf(as(ann), {})
    expect(error).toMatchObject({
      code: 'ACCESS_DENIED',
      message: expect.stringContaining(`the server does not have CURVE with the key ${server.publicKey}`),
    })
  })

  it('because it trusts another key than that of the service', async () => {
    const { error } = await callOf(as(ann, stranger))
    expect(error).toMatchObject({
      code: 'ACCESS_DENIED',
      message: expect.stringContaining(`another one than ${stranger.publicKey}`),
    })
  })

  it('because its certificate cannot be read, until it can', async () => {
    const folder = await temporaryFolder()
    const path = join(folder, 'ann')
    const service = await openKitchen(trusting(ann))
    const client = openClient(service, as(path))
    await expect(client.echo(1)).rejects.toMatchObject({ code: 'CERTIFICATE_UNREADABLE' })
    await ann.save(path)
    await client.ready()
    expect(await client.who()).toEqual(identityOf(ann))
  })

  it('because the folder that it trusts has several keys', async () => {
    const folder = await temporaryFolder()
    await Promise.all([server.savePublic(join(folder, 'a')), bob.savePublic(join(folder, 'b'))])
    const { error } = await callOf(as(ann, folder))
    expect(error).toMatchObject({ code: 'INVALID_OPTIONS', message: expect.stringContaining('not 2') })
  })

  it('and asks for the health in vain too', async () => {
    const { endpoint } = await openKitchen(trusting(ann))
    await expect(health(endpoint, as(stranger))).rejects.toMatchObject({ code: 'ACCESS_DENIED' })
    expect(await health(endpoint, as(ann))).toMatchObject({ status: 'serving' })
  })
})

it('a server that closes a connection in its handshake once is tried again, and the call is answered', async () => {
  const service = await openKitchen(trusting(ann))
  await using proxy = await TcpProxy.to(Number(new URL(service.endpoint).port))
  proxy.down()
  const client = openClient([`tcp://127.0.0.1:${proxy.port}`], { ...as(ann), waitForServerMs: 30_000 })
  const states: string[] = []
  client.subscribe(({ servers }) => void states.push(servers[0]!.state))
  await until(() => states.includes('waiting'))
  proxy.heal()
  await client.ready()
  expect(await client.echo(1)).toBe(1)
})

it('a client goes on with the servers that let it in', async () => {
  const [closed, open] = [await openKitchen(trusting(bob)), await openKitchen(trusting(ann))]
  const client = openClient([closed.endpoint, open.endpoint], as(ann))
  expect(await Promise.all([1, 2, 3].map((n) => client.echo(n)))).toEqual([1, 2, 3])
  await until(() => client.state.servers[0]!.error !== undefined)
  expect(client.state.servers.map(({ error }) => (error as { code?: string } | undefined)?.code)).toEqual([
    'ACCESS_DENIED',
    undefined,
  ])
})

describe('who calls', () => {
  const cooksAlone: Middleware = ({ procedure, context }, next) => {
    if (procedure === 'quick' && context.identity?.metadata.role !== 'cook') {
      throw new RefusedError(`${context.identity?.metadata.name ?? 'who has no certificate'} may not`)
    }
    return next()
  }

  it('is what middleware allows by: a procedure to some of those that are let in', async () => {
    const { service } = await openDesk({ ...trusting([ann, bob]), middleware: [cooksAlone] })
    const [cook, guest] = [deskClient([service], as(ann)), deskClient([service], as(bob))]
    expect(await cook.quick(1)).toBe(1)
    await expect(guest.quick(1)).rejects.toMatchObject({
      code: 'REFUSED',
      message: expect.stringContaining('Bob may not'),
    })
    await expect(guest.fail()).rejects.toMatchObject({ kind: 'CLOSED_NOW' })
  })

  it('is nobody where nothing is secured, whatever certificate there is', async () => {
    expect(await openClient(await openKitchen()).who()).toBe('nobody')
  })

  it('cannot be changed by a handler for the calls that come after', async () => {
    const service = await openKitchen({
      ...trusting(ann),
      middleware: [
        ({ context }, next) => {
          expect(Object.isFrozen(context.identity) && Object.isFrozen(context.identity!.metadata)).toBe(true)
          return next()
        },
      ],
    })
    expect(await openClient(service, as(ann)).who()).toEqual(identityOf(ann))
  })
})

describe('beyond this machine', () => {
  it('a service listens with security, and says without how it would', async () => {
    const service = await openKitchen({ endpoint: 'tcp://0.0.0.0:!', ...trusting(ann) })
    const { port } = new URL(service.endpoint)
    expect(await openClient([`tcp://127.0.0.1:${port}`], as(ann)).echo(1)).toBe(1)
    const refused = openKitchen({ endpoint: 'tcp://0.0.0.0:!' })
    await expect(refused).rejects.toMatchObject({ code: 'INSECURE_ENDPOINT' })
    for (const way of ['security: { certificate, trust }', 'troupe cert new', '--cert', 'insecure: true'])
      await expect(refused).rejects.toThrow(way)
  })
})

describe('is refused with a clear error', () => {
  it.each([
    ['without a certificate', { trust: ann }],
    ['without the secret of its certificate', { certificate: server.publicOnly(), trust: ann }],
  ])('a service %s', async (_, security) => {
    await expect(openKitchen({ security })).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
      message: expect.stringContaining('security.certificate'),
    })
  })

  it('a service whose certificate is not there, before it starts a worker', async () => {
    const opening = openKitchen({ security: { certificate: '/nowhere', trust: ann }, isolation: 'process' })
    await expect(opening).rejects.toMatchObject({ code: 'CERTIFICATE_UNREADABLE' })
  })

  it('a client that does not trust one server', async () => {
    await using guard = new ZMQAuthenticator()
    for (const trust of ['anyone', [server, ann], guard]) {
      expect(() => openClient(['tcp://127.0.0.1:1'], as(ann, trust))).toThrow(
        expect.objectContaining({ code: 'INVALID_OPTIONS', message: expect.stringContaining('the one certificate') }),
      )
    }
  })

  it.each(['serve', 'connect'])('what is no security, by %s', async (end) => {
    const options = { security: { mechanism: 'plain', username: 'x', password: 'y' } } as never
    const made = async () =>
      end === 'serve' ? openKitchen(options) : openClient(['tcp://127.0.0.1:1'], options as never)
    await expect(made()).rejects.toMatchObject({ code: 'INVALID_OPTIONS' })
  })

  it('a service and a client that do not say whom they trust', async () => {
    const security = { certificate: server, trsut: ann } as never
    await expect(openKitchen({ security })).rejects.toThrow(
      /security\.trust: is wanted, and must be a Certificate, .*"anyone"; security: Unrecognized key: "trsut"$/,
    )
    expect(() => openClient(['tcp://127.0.0.1:1'], { security })).toThrow(
      /security\.trust: is wanted, and must be the one certificate of the servers: a Certificate, .*; security: Unrecognized key: "trsut"$/,
    )
  })
})
