/**
 * Farms that others reach: who joins and who does not, and that each is who it says.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Farm, type FarmOptions, FarmWorkers, type JoinNotice, type JoinOptions } from '@troupe/actors/farm'
import { Certificate, type CurveSecurity, ZMQAuthenticator } from '@troupe/core'
import { TcpProxy } from '@troupe/testing/tcp-proxy'
import { describe, expect, it, onTestFinished } from 'vitest'
import * as tasks from './fixtures/tasks.mjs'
import { collect, joinFarm, range, TASKS, until } from './open-farm.js'
import { Puppet } from './puppet.js'

const farmKeys = Certificate.generate({ name: 'the farm' })
const worker = Certificate.generate({ name: 'worker 1', room: '3' })
const other = Certificate.generate({ name: 'worker 2' })
const stranger = Certificate.generate()

const ofFarm: CurveSecurity = { certificate: farmKeys, trust: [worker, other] }
const as = (certificate: Certificate): CurveSecurity => ({ certificate, trust: farmKeys.publicOnly() })
const PLACE = { tasks: TASKS, workers: 0, endpoint: 'tcp://127.0.0.1:*', joinable: true } as const
const QUICK = { heartbeatMs: 50, livenessMs: 250 }

const openFarm = (options: Partial<FarmOptions> = {}) =>
  Farm.start({ ...PLACE, ...QUICK, security: ofFarm, ...options })

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'troupe-test-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

const tryJoin = (farm: Farm, options: Partial<JoinOptions>) =>
  FarmWorkers.join({
    tasks: TASKS,
    slots: 1,
    isolation: 'inline',
    farm: farm.endpoint!,
    joinTimeoutMs: 2_000,
    ...options,
  })

describe.each([['process'], ['inline']] as const)(
  'a worker in %s with a certificate that the farm trusts',
  (isolation) => {
    it('joins and works, and the farm knows who it is', async () => {
      await using farm = await openFarm()
      await joinFarm(farm, { security: as(worker), isolation, slots: 2 })
      expect(await collect(farm.map(tasks.double, range(1_000)))).toHaveLength(1_000)
      const { workers, denied } = farm.stats()
      const identity = { publicKey: worker.publicKey, metadata: { name: 'worker 1', room: '3' } }
      expect(workers.map((one) => one.identity)).toEqual([identity, identity])
      expect(denied).toBe(0)
    })

    it('leaves, and comes back to the next farm there', async () => {
      const farm = await openFarm()
      const { endpoint } = farm
      const workers = await joinFarm(farm, { security: as(worker), isolation })
      await farm.stop()
      await using next = await openFarm({ endpoint: endpoint! })
      expect(await next.submit(tasks.double, 4)).toBe(8)
      await workers.leave()
      await until(() => next.stats().workers.length === 0)
    })
  },
)

it('the certificates may be files, and a folder of them', async () => {
  const folder = await temporaryFolder()
  await farmKeys.save(join(folder, 'farm'))
  await worker.save(join(folder, 'worker'))
  const store = await temporaryFolder()
  await worker.savePublic(join(store, 'worker'))
  await using farm = await openFarm({ security: { certificate: join(folder, 'farm'), trust: store } })
  await joinFarm(farm, { security: { certificate: join(folder, 'worker'), trust: join(folder, 'farm') } })
  expect(await farm.submit(tasks.double, 4)).toBe(8)
})

it('its own workers need no certificate', async () => {
  await using farm = await openFarm({
    workers: [{ count: 1 }, { count: 1, isolation: 'thread' }, { count: 1, isolation: 'inline' }],
  })
  await joinFarm(farm, { security: as(worker), isolation: 'inline' })
  expect(await collect(farm.map(tasks.double, range(1_000)))).toHaveLength(1_000)
  expect(farm.stats().workers.filter(({ identity }) => identity === undefined)).toHaveLength(3)
})

it('an authenticator may say who joins', async () => {
  await using guard = new ZMQAuthenticator({ curve: worker, deny: ['10.0.0.1'] })
  await using farm = await openFarm({ security: { certificate: farmKeys, trust: guard } })
  await joinFarm(farm, { security: as(worker), isolation: 'inline' })
  expect(farm.stats().workers[0]!.identity?.metadata).toEqual({ name: 'worker 1', room: '3' })
  await expect(tryJoin(farm, { security: as(other) })).rejects.toMatchObject({ code: 'ACCESS_DENIED' })
  expect(guard.stats.denied.credentials).toBeGreaterThan(0)
})

describe('is denied', () => {
  it.each([
    ['a worker with another key', { security: as(stranger) }, /does not trust the key of this worker/],
    ['a worker without security', {}, /wants security: .* --trust/],
    [
      'a worker that trusts another farm',
      { security: { certificate: worker, trust: stranger.publicOnly() } },
      /not the key|another key/,
    ],
  ])('%s, which is told why', async (_, options, why) => {
    await using farm = await openFarm()
    await expect(tryJoin(farm, options)).rejects.toMatchObject({
      code: 'ACCESS_DENIED',
      message: expect.stringMatching(why),
    })
    expect(farm.stats().workers).toEqual([])
  })

  it('a worker with security by a farm that has none', async () => {
    await using farm = await Farm.start(PLACE)
    await expect(tryJoin(farm, { security: as(worker) })).rejects.toMatchObject({
      code: 'ACCESS_DENIED',
      message: expect.stringContaining('has no security'),
    })
  })

  it('a worker whose key was removed, at its next handshake; and it is let in again when its key is back', async () => {
    const store = await temporaryFolder()
    await worker.savePublic(join(store, 'worker'))
    await using farm = await openFarm({ security: { certificate: farmKeys, trust: store } })
    await using way = await TcpProxy.to(Number(/\d+$/.exec(farm.endpoint!)![0]))
    const notices: JoinNotice[] = []
    await joinFarm(farm, {
      ...{ security: as(worker), isolation: 'inline', farm: `tcp://127.0.0.1:${way.port}` },
      onNotice: (notice) => void notices.push(notice),
    })
    expect(await farm.submit(tasks.double, 4)).toBe(8)
    await rm(join(store, 'worker'))
    expect(await farm.submit(tasks.double, 5), 'what is connected stays').toBe(10)
    way.cut()
    await until(() => notices.some(({ type, why }) => type === 'lost' && why!.includes('does not trust the key')))
    await until(() => farm.stats().workers.length === 0)
    expect(farm.stats().denied).toBeGreaterThan(0)
    await worker.savePublic(join(store, 'worker'))
    expect(await farm.submit(tasks.double, 6)).toBe(12)
  })
})

describe('a worker that the farm trusts', () => {
  it('is not taken for another whose key it names, though it says its inbox too', async () => {
    await using farm = await openFarm()
    await joinFarm(farm, { security: as(worker), isolation: 'inline' })
    const liar = await Puppet.of(farm, { security: as(other) })
    await liar.hello({ key: worker.publicKey })
    await until(() => farm.stats().workers.length === 2)
    await until(() => farm.stats().workers.length === 1)
    expect(liar.heard).toEqual([])
    expect(farm.stats().workers[0]).toMatchObject({ state: 'idle', identity: { publicKey: worker.publicKey } })
  })

  it('is let in by its own key', async () => {
    await using farm = await openFarm()
    const puppet = await Puppet.of(farm, { security: as(other) })
    await puppet.hello({ key: other.publicKey })
    await until(() => farm.stats().workers[0]?.state === 'idle')
    expect(farm.stats().workers[0]!.identity?.publicKey).toBe(other.publicKey)
  })

  it.each([
    ['names no key', {}],
    ['names one that is not trusted', { key: stranger.publicKey }],
    ['names what is no key', { key: '~'.repeat(40) }],
  ])('and %s is not let in, and counted', async (_, more) => {
    await using farm = await openFarm()
    const puppet = await Puppet.of(farm, { security: as(other) })
    await puppet.hello(more)
    await until(() => farm.stats().denied === 1)
    expect(puppet.heard).toEqual([])
    expect(farm.stats().workers).toEqual([])
  })

  it('cannot say what another would: results, heartbeats, farewell', async () => {
    await using farm = await openFarm()
    const victim = await Puppet.of(farm, { security: as(worker) })
    await victim.hello({ key: worker.publicKey })
    await until(() => farm.stats().workers[0]?.state === 'idle')
    const output = farm.submit(tasks.double, 21)
    await until(() => victim.told('TASKS') !== undefined)
    const { firstTicket } = victim.told('TASKS') as { firstTicket: number }
    const liar = await Puppet.of(farm, { security: as(other), incarnation: victim.incarnation })
    liar.run = victim.run
    await liar.say('RESULTS', 1, { outputs: [[firstTicket, [-1]]], failures: [], busyMs: 0 })
    await liar.say('BYE', 1, {})
    await until(() => farm.stats().strays === 2)
    await victim.say('RESULTS', 1, { outputs: [[firstTicket, [42]]], failures: [], busyMs: 0 })
    expect(await output).toBe(42)
  })
})

it('what a worker listens at is for its farm alone', async () => {
  await using farm = await openFarm()
  const puppet = await Puppet.of(farm, { security: as(worker) })
  await using _ = farm
  const { ZMQPush } = await import('@troupe/push-pull')
  await using push = new ZMQPush(await puppet.inbox(), {
    security: { certificate: other, trust: worker.publicOnly() },
    lingerMs: 0,
  })
  const { ZMQMonitor } = await import('@troupe/core')
  for await (const event of new ZMQMonitor(push)) if (event.type === 'handshake_failed') break
  expect(puppet.heard).toEqual([])
})

it('no more are connected than may be', async () => {
  await using farm = await openFarm({ maxConnections: 1, handshakeTimeoutMs: 300 })
  const first = await joinFarm(farm, { security: as(worker), isolation: 'inline' })
  await expect(tryJoin(farm, { security: as(other), joinTimeoutMs: 600 })).rejects.toMatchObject({
    code: expect.stringMatching(/TIMEOUT|ACCESS_DENIED/),
  })
  expect(farm.stats().denied).toBeGreaterThan(0)
  await first.leave()
  await joinFarm(farm, { security: as(other), isolation: 'inline' })
})

describe('beyond this machine', () => {
  it('a farm listens with security', async () => {
    await using farm = await openFarm({ endpoint: 'tcp://0.0.0.0:*' })
    await joinFarm(farm, {
      security: as(worker),
      isolation: 'inline',
      inbox: 'tcp://0.0.0.0:*',
      advertise: '127.0.0.1',
    })
    expect(await farm.submit(tasks.double, 4)).toBe(8)
  })

  it('a farm and a worker without are refused, and told how to secure it', async () => {
    const opening = Farm.start({ ...PLACE, endpoint: 'tcp://0.0.0.0:*' })
    await expect(opening).rejects.toMatchObject({
      code: 'INSECURE_ENDPOINT',
      message: expect.stringMatching(/security: .*insecure: true/),
    })
  })
})

it.each([
  [{ security: { trust: worker } }, 'security.certificate'],
  [{ security: { certificate: farmKeys, trust: 'anyone' } }, 'security.trust'],
  [{ security: { certificate: farmKeys } }, 'security.trust: is wanted, and must be a Certificate, several, '],
  [{ security: ofFarm, endpoint: undefined, joinable: false, workers: 1 }, 'security: is for'],
])('no farm is started with security that makes no sense: %#', async (options, where) => {
  await expect(Farm.start({ ...PLACE, ...options } as never)).rejects.toMatchObject({
    code: 'INVALID_OPTIONS',
    message: expect.stringContaining(where),
  })
})

it.each([
  [{ security: { trust: farmKeys } }, 'certificate'],
  [{ security: { certificate: worker } }, 'security.trust: is wanted, and must be a Certificate, '],
  [{ security: { certificate: worker, trust: 'anyone' } }, 'certificate of the farm'],
  [{ security: { certificate: worker.publicOnly(), trust: farmKeys } }, 'secret'],
  [{ security: { certificate: worker, trust: [farmKeys, other] } }, 'not 2'],
])('no worker joins with security that makes no sense: %#', async (options, why) => {
  const joining = FarmWorkers.join({
    tasks: TASKS,
    slots: 1,
    farm: 'tcp://127.0.0.1:1',
    joinTimeoutMs: 100,
    ...options,
  } as never)
  await expect(joining).rejects.toMatchObject({ code: 'INVALID_OPTIONS', message: expect.stringContaining(why) })
})
