/**
 * Strangers at a secured service: each is refused, counted, logged and without effect, beside a client that is served.
 */
import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { Certificate, ZMQAuthenticator } from '@troupe/core'
import { ZMQDealer } from '@troupe/dealer-router'
import { recordedThrough } from '@troupe/testing/tcp-proxy'
import { describe, expect, it } from 'vitest'
import { keptLog } from '../kept-log.js'
import { closing, type KitchenOptions, newTag, openClient, openKitchen, until } from './open-service.js'
import { BYE, CALL, CHALLENGE, HELLO, openPeer, PROOF, proof, REPLY, WELCOME } from './raw-peer.js'

const [server, ann, bob, stranger] = [
  Certificate.generate({ name: 'kitchen' }),
  Certificate.generate({ name: 'Ann' }),
  Certificate.generate({ name: 'Bob' }),
  Certificate.generate(),
]
const SECURED = { security: { certificate: server, trust: [ann, bob] } }
const as = (certificate: Certificate) => ({ certificate, trust: server })

/** A service that trusts Ann and Bob, and Ann, who is served. */
async function open(options: KitchenOptions = {}) {
  const { log, warnings } = keptLog()
  const service = await openKitchen({ ...SECURED, log, ...options })
  const honest = openClient(service, { security: as(ann) })
  await honest.ready()
  /** That so many were refused as `kind`, that it was logged, and that nothing came of it. */
  const refused = async (kind: 'denied' | 'violations', count: number, why = '') => {
    await until(() => service.stats[kind] >= count && service.stats.sessions === 1)
    expect(service.stats[kind]).toBe(count)
    expect(warnings.length).toBeGreaterThan(0)
    expect(JSON.stringify(warnings.at(-1))).toContain(why)
    expect(await honest.echo('still served')).toBe('still served')
    expect(service.stats.done).toBe(1)
  }
  return { service, honest, refused, warnings }
}

/** What becomes of a client. */
const callOf = (endpoint: string, security?: object) =>
  openClient([endpoint], { ...(security && { security: security as never }), reconnect: NEVER_AGAIN })
    .echo(1)
    .then(
      () => 'in',
      (error: { code: string }) => error.code,
    )
const NEVER_AGAIN = { minMs: 600_000, maxMs: 600_000, factor: 1, jitter: 0 }

describe('a stranger', () => {
  it('without a key is not let in', async () => {
    const { service, refused } = await open()
    expect(await callOf(service.endpoint)).toBe('ACCESS_DENIED')
    await refused('denied', 1, 'handshake failed')
  })

  it('whose handshake failed is logged with the endpoint that it came to, and why, in words', async () => {
    const { service, refused, warnings } = await open()
    expect(await callOf(service.endpoint)).toBe('ACCESS_DENIED')
    await refused('denied', 1)
    const why = expect.stringMatching(
      /^its handshake failed: it has no security or another.* \(ERR_ZMTP_MECHANISM_MISMATCH\)$/,
    )
    expect(warnings.at(-1)).toEqual([{ endpoint: service.endpoint, code: 'ACCESS_DENIED', why }, 'a client is refused'])
  })

  it('with a key that is not trusted is not let in', async () => {
    const { service, refused } = await open()
    expect(await callOf(service.endpoint, as(stranger))).toBe('ACCESS_DENIED')
    await refused('denied', 1, stranger.publicKey)
  })

  it('that does not know the key of the service is not let in', async () => {
    const { service, refused } = await open()
    const client = openClient(service, { security: { certificate: ann, trust: stranger }, reconnect: NEVER_AGAIN })
    await until(() => client.state.servers[0]!.error !== undefined)
    await refused('denied', 1, 'its handshake failed: what it said cannot be decrypted: it trusts another key')
  })

  it('from a denied address is not let in, whatever its key', async () => {
    const { log, warnings } = keptLog()
    await using guard = new ZMQAuthenticator({ curve: [ann, bob], log })
    const { service } = await open({ security: { certificate: server, trust: guard } })
    guard.deny('127.0.0.0/8')
    expect(await callOf(service.endpoint, as(bob))).toBe('ACCESS_DENIED')
    expect([service.stats.denied, guard.stats.denied.address]).toEqual([1, 1])
    expect(warnings).toMatchObject([[{ why: 'its address is in the deny list' }, 'a peer may not connect']])
  })

  it('that plays what it has recorded of an honest connection is cut off, and nothing is called', async () => {
    const { service } = await open()
    const { port } = new URL(service.endpoint)
    const recorded = await recordedThrough(Number(port), async (through) => {
      const wiretapped = openClient([`tcp://127.0.0.1:${through}`], { security: as(bob) })
      await wiretapped.open(newTag())
      await wiretapped.close()
    })
    const { done } = service.stats
    await until(() => service.stats.sessions === 1)
    const player = connectTcp(Number(port), '127.0.0.1')
    player.on('error', () => undefined).resume()
    await once(player, 'connect')
    player.write(recorded)
    await once(player, 'close')
    expect(service.stats.done).toBe(done)
    await until(() => service.stats.denied === 1)
    expect(service.stats.sessions).toBe(1)
  })
})

describe('one that is let in', () => {
  it('has no identity when it names no key, and is served', async () => {
    const { service } = await open()
    const peer = openPeer(service.endpoint, as(bob))
    await peer.say([HELLO, 1, 'kitchen'], [CALL, 1, 'who'])
    expect(await peer.hear()).toEqual([
      [WELCOME, 1, expect.anything()],
      [REPLY, 1, 'nobody'],
    ])
  })

  it('proves its key as the page on the wire says, over a nonce that is another each time', async () => {
    const { service } = await open()
    const nonces = new Set<string>()
    for (const _ of [1, 2, 3]) {
      const peer = openPeer(service.endpoint, as(bob))
      const challenge = await peer.challenged(bob.publicKey)
      expect(challenge).toEqual([CHALLENGE, expect.stringMatching(/^[0-9a-f]{64}$/), expect.any(String), 'kitchen'])
      nonces.add(challenge[1])
      await peer.say([PROOF, proof(challenge, bob, server.publicKey)])
      expect(await peer.hear()).toMatchObject([[WELCOME, 1, { service: 'kitchen' }]])
      await peer.say([CALL, 1, 'who'])
      expect(await peer.hear()).toEqual([[REPLY, 1, { publicKey: bob.publicKey, metadata: { name: 'Bob' } }]])
    }
    expect(nonces.size).toBe(3)
  })

  it('cannot be another, whose public key is all that it knows', async () => {
    const { service, refused } = await open()
    const peer = openPeer(service.endpoint, as(bob))
    const challenge = await peer.challenged(ann.publicKey)
    await peer.say([PROOF, proof(challenge, bob, server.publicKey, ann.publicKey)])
    expect(await peer.farewell()).toBe('ACCESS_DENIED')
    await refused('denied', 1, 'its proof of its key is wrong')
  })

  it('cannot be another by a proof of it that was said in another session', async () => {
    const { service, refused } = await open()
    const one = openPeer(service.endpoint, as(ann))
    const said = proof(await one.challenged(ann.publicKey), ann, server.publicKey)
    await one.say([PROOF, said])
    expect(await one.hear()).toMatchObject([[WELCOME, 1, {}]])
    await one.say([BYE])
    const other = openPeer(service.endpoint, as(bob))
    await other.challenged(ann.publicKey)
    await other.say([PROOF, said])
    expect(await other.farewell()).toBe('ACCESS_DENIED')
    await refused('denied', 1)
  })

  it.each([
    ['nonce', 1],
    ['routing id', 2],
    ['service', 3],
  ])('must prove its key over the %s of its session', async (_, index) => {
    const { service, refused } = await open()
    const peer = openPeer(service.endpoint, as(bob))
    const challenge = [...(await peer.challenged(bob.publicKey))] as never[]
    challenge[index] = 'ab12' as never
    await peer.say([PROOF, proof(challenge as never, bob, server.publicKey)])
    expect(await peer.farewell()).toBe('ACCESS_DENIED')
    await refused('denied', 1)
  })

  it.each([
    ['of small order', '0'.repeat(40)],
    ['that is none', 'x'],
    ['that is not trusted', stranger.publicKey],
  ])('is refused with a key %s', async (_, publicKey) => {
    const { service, refused } = await open()
    const peer = openPeer(service.endpoint, as(bob))
    const challenge = await peer.challenged(publicKey)
    await peer.say([PROOF, proof(challenge, stranger, server.publicKey, publicKey)])
    expect(await peer.farewell()).toBe('ACCESS_DENIED')
    await refused('denied', 1)
  })

  it('is refused when its proof does not come in time', async () => {
    const { service, refused } = await open({ handshakeTimeoutMs: 2_000, heartbeatMs: 20 })
    const peer = openPeer(service.endpoint, as(bob))
    await peer.challenged(bob.publicKey)
    expect(await peer.farewell()).toBe('ACCESS_DENIED')
    await refused('denied', 1, 'within 2000 ms')
  })

  it.each([undefined, 'process', 'thread'] as const)(
    'cannot say in a call who it is, inline or in a worker: %s',
    async (isolation) => {
      const { service } = await open({ ...(isolation && { isolation }) })
      const peer = openPeer(service.endpoint, as(bob))
      const identity = { publicKey: ann.publicKey, metadata: { name: 'Ann' } }
      const says = { identity, peer: 'service' }
      await peer.say([HELLO, 1, 'kitchen', '1', { identity }], [CALL, 1, 'who', null, says])
      await expect.poll(async () => (await peer.hear()).find(([kind]) => kind === REPLY)).toEqual([REPLY, 1, 'nobody'])
    },
  )

  it.each([
    ['CANCEL', [9, 1]],
    ['an item', [7, 1, 5]],
    ['the end', [8, 1]],
    ['CREDIT', [3, 1, 5]],
  ])('has no effect on the calls of others by %s with an id of theirs', async (_, item) => {
    const { service, honest } = await open()
    const tag = newTag()
    const controller = new AbortController()
    const waiting = honest.wait({ tag }, { signal: controller.signal }).catch(({ code }) => code)
    await until(async () => (await honest.seen(tag)).began)
    const peer = openPeer(service.endpoint, as(bob))
    await peer.say([HELLO, 1, 'kitchen'], item)
    expect(await peer.farewell()).toBe('PROTOCOL_ERROR')
    expect(service.stats.violations).toBe(1)
    expect((await honest.seen(tag)).aborted).toBeNull()
    controller.abort()
    expect(await waiting).toBe('ABORTED')
  })
})

it('who comes by the routing id of a client that is gone finds no session of it, and calls nothing', async () => {
  // What is silent is not given up meanwhile.
  const { service, honest } = await open({ heartbeatMs: 100_000, livenessMs: 600_000 })
  const dealerOf = (certificate: Certificate) =>
    closing(new ZMQDealer(service.endpoint, { ...RAW, security: as(certificate) }), (dealer) => dealer.close())
  const frame = (...items: unknown[]) => [Buffer.from(JSON.stringify(items))]
  const victim = dealerOf(ann)
  await victim.send(frame(1, [HELLO, 1, 'kitchen']))
  await victim.receive()
  await victim.close()
  await until(() => service.stats.sessions === 1)
  const thief = dealerOf(bob)
  await thief.send(frame(2, [CALL, 1, 'who', null, null]))
  const answer = JSON.parse(String((await thief.receive())[0])) as [number, [number, { code: string }]]
  expect(answer[1]).toMatchObject([BYE, { code: 'NO_SESSION' }])
  expect(await honest.echo('still served')).toBe('still served')
  expect(service.stats.done).toBe(1)
})
/** The routing id is the client's to choose. */
const RAW = { codec: 'frames', routingId: 'the client', lingerMs: 0 } as const

const GARBAGE: readonly (readonly unknown[])[] = [
  [HELLO],
  [HELLO, 1, 'kitchen'],
  [CHALLENGE],
  [CHALLENGE, 'ab', 'ab', 'kitchen'],
  [PROOF],
  [PROOF, null],
  [PROOF, 5],
  [PROOF, 'no hex'],
  [PROOF, 'ab'],
  [PROOF, 'ab'.repeat(32)],
  [PROOF, 'ab'.repeat(100_000)],
  [PROOF, ['ab']],
]
const REFUSALS = ['ACCESS_DENIED', 'PROTOCOL_ERROR', 'NO_SESSION']

describe('what belongs to the beginning of a session ends it, each time, when it is garbage or out of place', () => {
  const begins: Record<string, (peer: ReturnType<typeof openPeer>) => Promise<void>> = {
    'one that is challenged': async (peer) => void (await peer.challenged(bob.publicKey)),
    'one that has proven its key': async (peer) => {
      await peer.say([PROOF, proof(await peer.challenged(bob.publicKey), bob, server.publicKey)])
      expect(await peer.hear()).toMatchObject([[WELCOME, 1, {}]])
    },
    'one without a key': async (peer) => {
      await peer.say([HELLO, 1, 'kitchen'])
      expect(await peer.hear()).toMatchObject([[WELCOME, 1, {}]])
    },
  }

  it.each(Object.entries(begins))('in %s', async (_, begin) => {
    const { service, honest } = await open()
    const peer = openPeer(service.endpoint, as(bob))
    for (const item of GARBAGE) {
      peer.restart()
      await begin(peer)
      await peer.say(item, [CALL, 1, 'open', null, null, 'never'])
      expect(REFUSALS, JSON.stringify(item)).toContain(await peer.farewell())
    }
    const { denied, violations, sessions, done } = service.stats
    expect({ refused: denied + violations, sessions, done }).toEqual({ refused: GARBAGE.length, sessions: 1, done: 0 })
    expect(await honest.echo('still served')).toBe('still served')
  })

  it('before it has begun', async () => {
    const { service, honest } = await open()
    const peer = openPeer(service.endpoint, as(bob))
    const wrong = GARBAGE.filter(([kind, version]) => kind !== HELLO || version === undefined)
    for (const item of wrong) {
      peer.restart()
      await peer.say(item, [CALL, 1, 'open', null, null, 'never'])
      expect(REFUSALS, JSON.stringify(item)).toContain(await peer.farewell())
    }
    expect(service.stats).toMatchObject({ violations: wrong.length, sessions: 1, done: 0 })
    expect(await honest.echo('still served')).toBe('still served')
  })
})
