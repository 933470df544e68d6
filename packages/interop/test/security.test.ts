/**
 * Security against others: czmq's zauth, zcert and zcertstore, and pyzmq's zmq.auth, each at both ends.
 */
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Certificate, CertificateStore, ZMQAuthenticator, ZMQMonitor } from '@troupe/core'
import { ZMQPull, ZMQPush } from '@troupe/push-pull'
import { required } from '@troupe/testing/python-with'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { ALL_PEERS, SecurityPeer, type SecurityPeers, told } from './security-peers.js'

const METADATA = { name: 'Ann', email: 'ann@example.org' }

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'troupe-test-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  return folder
}

/** A certificate of ours in a file of its own. */
async function saved(folder: string, name: string, metadata = {}): Promise<Certificate> {
  const certificate = Certificate.generate(metadata)
  await certificate.save(join(folder, name))
  return certificate
}

/** What becomes of the first attempt of a socket of ours to connect, and the socket. */
async function attempt(endpoint: string, security?: object) {
  const push = new ZMQPush(undefined, { security: security as never, reconnectIntervalMs: -1, lingerMs: 1_000 })
  onTestFinished(() => push.close())
  using monitor = new ZMQMonitor(push)
  await push.connect(endpoint)
  for await (const event of monitor) {
    if (event.type === 'handshake_succeeded') return { push, outcome: 'in' }
    if (event.type === 'handshake_failed') return { push, outcome: event.reason === 'auth' ? 'auth' : 'out' }
    if (event.type === 'disconnected') return { push, outcome: 'out' }
  }
  return { push, outcome: 'closed' }
}

/** What becomes of an attempt of theirs. */
async function theirAttempt(peers: SecurityPeers, ...words: string[]): Promise<string> {
  await using peer = new SecurityPeer(peers, ...words)
  return peer.line()
}

for (const peers of ALL_PEERS) {
  const { missing, suffix, secretSuffix } = peers
  // czmq finds the secret file beside the public one, pyzmq is given it.
  const ownFile = (name: string) => (secretSuffix === '' ? name : `${name}_secret`)
  const isSkipped = missing !== undefined && !required
  describe.skipIf(isSkipped)(`with ${peers.name}${isSkipped ? ` (${missing})` : ''}`, () => {
    let remove: (() => void) | undefined
    beforeAll(() => {
      if (missing !== undefined) throw new Error(missing)
      remove = peers.prepare()
    })
    afterAll(() => remove?.())

    describe('certificates', () => {
      it('of theirs are read by ours, with secret key and metadata', async () => {
        const folder = await temporaryFolder()
        const pairs = Object.entries(METADATA).map(([name, value]) => `${name}=${value}`)
        const [publicKey, secretKey] = await told(peers, 'new', join(folder, 'theirs'), ...pairs)
        const theirs = await Certificate.load(join(folder, `theirs${suffix}`))
        expect(theirs).toMatchObject({ publicKey, secretKey, metadata: METADATA })
        const given = await Certificate.loadPublic(join(folder, `theirs${suffix}`))
        expect([given.publicKey, given.secretKey]).toEqual([publicKey, undefined])
      })

      it('of ours are read by theirs, with secret key and metadata', async () => {
        const folder = await temporaryFolder()
        const ours = await saved(folder, 'ours', METADATA)
        const [publicKey, secretKey] = await told(peers, 'show', join(folder, ownFile('ours')))
        expect([publicKey, secretKey]).toEqual([ours.publicKey, ours.secretKey])
        await rm(join(folder, 'ours_secret'))
        const [alone, ...more] = await told(peers, 'show', join(folder, 'ours'))
        expect(alone).toBe(ours.publicKey)
        expect(more.join()).not.toContain(ours.secretKey)
      })

      it('in a folder of ours are found by theirs, and in a folder of theirs by ours', async () => {
        const folder = await temporaryFolder()
        const ours = await saved(folder, `ours${suffix}`, METADATA)
        const [publicKey = ''] = await told(peers, 'new', join(folder, 'theirs'))
        const unknown = Certificate.generate().publicKey
        const found = await Promise.all(
          [ours.publicKey, publicKey, unknown].map((key) => told(peers, 'find', folder, key).then(([first]) => first)),
        )
        expect(found).toEqual(['found', 'found', 'missing'])
        const store = await CertificateStore.open(folder)
        expect((await store.all()).map((one) => one.publicKey).sort()).toEqual([ours.publicKey, publicKey].sort())
      })
    })

    it('a client of ours is let in by their server with the right key alone, and not when it was revoked', async () => {
      const [folder, trusted] = [await temporaryFolder(), await temporaryFolder()]
      const server = await saved(folder, 'server')
      const client = await saved(folder, 'client')
      await copyFile(join(folder, 'client'), join(trusted, `client${suffix}`))
      await using peer = new SecurityPeer(peers, 'serve', join(folder, ownFile('server')), trusted)
      const endpoint = await peer.line()
      const right = { certificate: client, trust: server }
      const { push, outcome } = await attempt(endpoint, right)
      expect(outcome).toBe('in')
      await push.send('one')
      expect(await peer.line()).toBe('one')
      const outcomes = async (security?: object) => (await attempt(endpoint, security)).outcome
      expect(await outcomes({ trust: server }), 'a new key').toBe('auth')
      expect(await outcomes({ certificate: client, trust: Certificate.generate() }), 'a wrong server key').toBe('out')
      expect(await outcomes(), 'no key').toBe('out')
      await rm(join(trusted, `client${suffix}`))
      await peer.reload()
      expect(await outcomes(right), 'revoked').toBe('auth')
      await push.send('two')
      expect(await peer.line()).toBe('two')
    })

    it('a client of theirs is let in by our server with the right key alone, and not when it was revoked', async () => {
      const [folder, trusted] = [await temporaryFolder(), await temporaryFolder()]
      const server = await saved(folder, 'server')
      await told(peers, 'new', join(folder, 'client'))
      await told(peers, 'new', join(folder, 'stranger'))
      await copyFile(join(folder, `client${suffix}`), join(trusted, 'client'))
      await using pull = new ZMQPull('tcp://127.0.0.1:*', { security: { certificate: server, trust: trusted } })
      const endpoint = await pull.endpoint()
      const right = ['connect', endpoint, join(folder, `client${secretSuffix}`), server.publicKey] as const
      await using peer = new SecurityPeer(peers, ...right)
      expect(await peer.line()).toBe('in')
      peer.say('one')
      expect(await pull.receive()).toBe('one')
      const attemptWith = (...words: string[]) => theirAttempt(peers, 'connect', endpoint, ...words)
      const stranger = join(folder, `stranger${secretSuffix}`)
      expect(await attemptWith(stranger, server.publicKey), 'a wrong key').toBe('auth')
      expect(await attemptWith(right[2], Certificate.generate().publicKey), 'a wrong server key').toBe('out')
      expect(await attemptWith('-', '-'), 'no key').toBe('out')
      expect(pull.stats.denied).toBe(1)
      await rm(join(trusted, 'client'))
      expect(await theirAttempt(peers, ...right), 'revoked').toBe('auth')
      peer.say('two')
      expect(await pull.receive()).toBe('two')
    })

    it('anyone is let in where either end trusts anyone', async () => {
      const folder = await temporaryFolder()
      const server = await saved(folder, 'server')
      await told(peers, 'new', join(folder, 'client'))
      await using peer = new SecurityPeer(peers, 'serve', join(folder, ownFile('server')), '*')
      expect((await attempt(await peer.line(), { trust: server })).outcome).toBe('in')
      await using pull = new ZMQPull('tcp://127.0.0.1:*', { security: { certificate: server, trust: 'anyone' } })
      const client = join(folder, `client${secretSuffix}`)
      const words = ['connect', await pull.endpoint(), client, server.publicKey]
      expect(await theirAttempt(peers, ...words)).toBe('in')
    })

    it('PLAIN lets in by one file of passwords, at either end', async () => {
      const passwords = join(await temporaryFolder(), 'passwords')
      await writeFile(passwords, 'ann=secret\n')
      const plain = (password: string) => ({ mechanism: 'plain', username: 'ann', password })
      await using peer = new SecurityPeer(peers, 'serve-plain', passwords)
      const theirs = await peer.line()
      expect((await attempt(theirs, plain('wrong'))).outcome).toBe('auth')
      const { push, outcome } = await attempt(theirs, plain('secret'))
      expect(outcome).toBe('in')
      await push.send('one')
      expect(await peer.line()).toBe('one')
      await using guard = new ZMQAuthenticator({ plain: passwords })
      await using pull = new ZMQPull('tcp://127.0.0.1:*', { security: { mechanism: 'plain', trust: guard } })
      const ours = await pull.endpoint()
      expect(await theirAttempt(peers, 'connect-plain', ours, 'ann', 'wrong')).toBe('auth')
      await using client = new SecurityPeer(peers, 'connect-plain', ours, 'ann', 'secret')
      expect(await client.line()).toBe('in')
      client.say('two')
      expect(await pull.receive()).toBe('two')
    })
  })
}
