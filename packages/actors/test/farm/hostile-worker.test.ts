/**
 * Workers that join from elsewhere and are broken, or hostile: the farm goes on, and who can act is told.
 */

import dns from 'node:dns/promises'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Farm, FarmWorkers } from '@troupe/actors/farm'
import { ZMQPull } from '@troupe/push-pull'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { decodeBody, encodeBody, encodeHeader, WIRE_VERSION } from '../../dist/farm/wire.js'
import { keptLog } from '../kept-log.js'
import * as tasks from './fixtures/tasks.mjs'
import { joinFarm, openFarm, TASKS, until } from './open-farm.js'
import { Puppet, SIGNS } from './puppet.js'

const QUICK = { heartbeatMs: 50, livenessMs: 200 }

/** A farm with one honest worker that has joined. */
const open = () => openFarm({ endpoint: 'tcp://127.0.0.1:*', joinable: true, ...QUICK })

async function joined(farm: Farm): Promise<Puppet> {
  const puppet = await Puppet.of(farm)
  await puppet.hello()
  await until(() => farm.stats().workers.length === 2 && farm.stats().workers[1]!.state !== 'starting')
  return puppet
}

it('one of another version of the wire is refused, and told both', async () => {
  const farm = await open()
  const puppet = await Puppet.of(farm)
  const header = Buffer.from(
    encodeHeader({ kind: 'HELLO', run: '', incarnation: puppet.incarnation, sequence: 0, acknowledged: 0 }),
  )
  expect(header[1]).toBe(WIRE_VERSION)
  header[1] = WIRE_VERSION + 1
  const inbox = new ZMQPull('@tcp://127.0.0.1:*', { codec: 'frames' })
  onTestFinished(() => inbox.close())
  const body = { inbox: await inbox.endpoint(), pid: process.pid, tasks: SIGNS, encodings: ['msgpack'] }
  await puppet.raw(header, encodeBody(body, 'msgpack'))
  const [, part] = (await inbox.receive())!
  const { message } = decodeBody('REFUSED', part!, 'msgpack')!
  expect(message).toContain(`version ${WIRE_VERSION + 1}`)
  expect(message).toContain(`speaks ${WIRE_VERSION}`)
})

it('one that says a run or an incarnation that the farm does not have is told that it was given up', async () => {
  const farm = await open()
  const puppet = await Puppet.of(farm, { incarnation: 'unheard-of', run: 'another run' })
  await puppet.hello()
  await until(() => puppet.told('REFUSED') !== undefined)
  expect(puppet.told('REFUSED')).toMatchObject({ code: 'GIVEN_UP' })
})

it('two with one incarnation are one: the second, at another inbox, is not let in', async () => {
  const farm = await open()
  const first = await joined(farm)
  const second = await Puppet.of(farm, { incarnation: first.incarnation })
  await second.hello()
  await first.say('BEAT', 0, null)
  expect(second.heard).toEqual([])
  await until(() => first.told('BEAT') !== undefined)
  expect(farm.stats().workers).toHaveLength(2)
  expect(second.heard).toEqual([])
})

it('one that accepts tasks and never answers loses them when it falls silent', async () => {
  const farm = await open()
  const puppet = await joined(farm)
  const outputs = farm.submitMany(tasks.double, Array(20).keys())
  await until(() => puppet.told('TASKS') !== undefined)
  await puppet.close()
  expect(await outputs).toEqual(Array.from({ length: 20 }, (_, n) => 2 * n))
})

it('one that answers tasks that it does not hold changes nothing', async () => {
  const farm = await open()
  const puppet = await joined(farm)
  const outputs = Array.from({ length: 100 }, (_, n): [number, unknown[]] => [n + 1_000, [-1]])
  await puppet.say('RESULTS', 1, { outputs, failures: [[999_999, { kind: 'cancelled' }]], busyMs: 0 })
  const { done, failed } = farm.stats()
  expect([done, failed]).toEqual([0, 0])
  await until(() => farm.stats().workers.length === 2)
})

it('one whose results cannot be read is given up, and what it held runs elsewhere', async () => {
  const farm = await open()
  const puppet = await joined(farm)
  const outputs = farm.submitMany(tasks.double, Array(20).keys())
  await until(() => puppet.told('TASKS') !== undefined)
  await puppet.say('RESULTS', 1, { outputs: 'none', failures: 7, busyMs: -1 })
  expect(await outputs).toEqual(Array.from({ length: 20 }, (_, n) => 2 * n))
  expect(farm.stats().workers).toHaveLength(1)
})

it('one whose output does not fit the schema fails its task with INVALID_OUTPUT', async () => {
  const farm = await open()
  const puppet = await joined(farm)
  const settled = farm.mapUnordered(tasks.double, Array(2).keys(), { settled: true })
  const first = settled.next()
  await until(() => puppet.told('TASKS') !== undefined)
  const { firstTicket } = puppet.told('TASKS') as { firstTicket: number }
  await puppet.say('RESULTS', 1, { outputs: [[firstTicket, ['no number']]], failures: [], busyMs: 0 })
  const outcomes = [(await first).value, (await settled.next()).value]
  expect(outcomes.filter(({ status }) => status === 'rejected')).toMatchObject([{ reason: { code: 'INVALID_OUTPUT' } }])
})

it('garbage at the endpoint, and HELLOs from inboxes that are none, change nothing', async () => {
  const farm = await open()
  const puppet = await Puppet.of(farm)
  for (let n = 0; n < 200; n++) {
    await puppet.raw(Buffer.from(`garbage ${n}`), Buffer.alloc(n, n))
    await puppet.hello({
      inbox: [
        'tcp://',
        'tcp://nowhere.invalid:1',
        'ftp://127.0.0.1:1',
        'tcp://127.0.0.1:99999',
        `tcp://127.0.0.1:1,@ipc://${join(tmpdir(), 'troupe-hostile.sock')}`,
      ][n % 5],
    })
  }
  expect(await farm.submit(tasks.double, 4)).toBe(8)
  expect(farm.state).toBe('running')
  expect(existsSync(join(tmpdir(), 'troupe-hostile.sock'))).toBe(false)
})

it('what listens and is no farm is told as such to who wants to join', async () => {
  const server = createServer((socket) => socket.on('error', () => undefined).end('HTTP/1.1 400 Bad Request\r\n\r\n'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as { port: number }
  const joining = FarmWorkers.join({
    ...{ tasks: TASKS, slots: 1, isolation: 'inline', joinTimeoutMs: 1_000 },
    farm: `tcp://127.0.0.1:${port}`,
  })
  await expect(joining).rejects.toMatchObject({
    code: 'TIMEOUT',
    message: expect.stringContaining('nothing that speaks ZeroMQ is there'),
  })
})

it('who joins while the farm stops does not hold it up', async () => {
  const farm = await open()
  const puppet = await Puppet.of(farm)
  const saying = setInterval(() => void puppet.hello(), 1)
  await joinFarm(farm, { isolation: 'inline' })
  await farm.stop()
  clearInterval(saying)
  expect(farm.state).toBe('stopped')
})

it('one that sends more than the farm takes is hung up on before it is read, and the farm goes on', async () => {
  const farm = await openFarm({ endpoint: 'tcp://127.0.0.1:*', joinable: true, maxMessageBytes: 65_536, ...QUICK })
  const puppet = await joined(farm)
  const outputs = farm.submitMany(tasks.double, Array(20).keys())
  await until(() => puppet.told('TASKS') !== undefined)
  const hungUp = puppet.hungUp()
  await puppet.say('RESULTS', 1, { outputs: [[1, ['x'.repeat(70_000)]]], failures: [], busyMs: 0 })
  await hungUp
  await puppet.close()
  expect(await outputs).toEqual(Array.from({ length: 20 }, (_, n) => 2 * n))
  expect(farm.stats()).toMatchObject({ failed: 0, retried: 0 })
})

it('one that says HELLO from the inbox of another takes nothing from it', async () => {
  const farm = await open()
  const victim = await joined(farm)
  const thief = await Puppet.of(farm)
  await thief.hello({ inbox: await victim.inbox() })
  await until(() => victim.heard.filter(([kind]) => kind === 'WELCOME').length > 0 && farm.stats().workers.length === 3)
  await until(() => farm.stats().workers.length === 2)
  expect(farm.stats().workers[1]).toMatchObject({ incarnation: victim.incarnation, state: 'idle' })
  expect(thief.heard).toEqual([])
})

it('one that does not say the token of its WELCOME is given nothing, and is forgotten', async () => {
  const farm = await open()
  const puppet = await Puppet.of(farm, { isMute: true })
  await puppet.hello()
  await until(() => puppet.told('WELCOME') !== undefined)
  expect(farm.stats().workers[1]).toMatchObject({ state: 'starting' })
  await until(() => farm.stats().workers.length === 1)
})

it('one that says what another would, without its token, is not believed, and counted', async () => {
  const farm = await open()
  const worker = await joined(farm)
  const outputs = farm.submitMany(tasks.double, Array(4).keys())
  await until(() => worker.told('TASKS') !== undefined)
  const { firstTicket } = worker.told('TASKS') as { firstTicket: number }
  const stranger = await Puppet.of(farm, { incarnation: worker.incarnation })
  stranger.run = worker.run
  const before = farm.stats().strays
  for (const token of [undefined, '', 'x'.repeat(22), worker.token!.slice(1), `${worker.token!}x`]) {
    stranger.token = token
    await stranger.say('RESULTS', 1, { outputs: [[firstTicket, [-1]]], failures: [], busyMs: 0 })
    await stranger.say('BYE', 1, {})
  }
  await until(() => farm.stats().strays === before + 10)
  await worker.close()
  expect(await outputs).toEqual([0, 2, 4, 6])
})

it('who says HELLO again and again under new names holds no more than may be joining, and the honest still join', async () => {
  const farm = await openFarm({ endpoint: 'tcp://127.0.0.1:*', joinable: true, maxJoining: 4, ...QUICK })
  const puppet = await Puppet.of(farm, { isMute: true })
  const inbox = await puppet.inbox()
  for (let n = 0; n < 200; n++) {
    const header = encodeHeader({ kind: 'HELLO', run: '', incarnation: `many-${n}`, sequence: 0, acknowledged: 0 })
    const body = { inbox, pid: 1, tasks: SIGNS, encodings: ['msgpack'] }
    await puppet.raw(header, encodeBody(body, 'msgpack'))
  }
  await until(() => farm.stats().workers.length === 5)
  await joinFarm(farm, { isolation: 'inline' })
  await until(() => farm.stats().workers.length === 2)
  expect(await farm.submit(tasks.double, 4)).toBe(8)
})

it('who says HELLO again and again and never joins gives way to those who do, long before its silence is found', async () => {
  const farm = await openFarm({ endpoint: 'tcp://127.0.0.1:*', joinable: true, maxJoining: 2, livenessMs: 60_000 })
  const puppet = await Puppet.of(farm, { isMute: true })
  const hello = (n: number) => {
    const header = encodeHeader({ kind: 'HELLO', run: '', incarnation: `many-${n}`, sequence: 0, acknowledged: 0 })
    const body = { inbox: `tcp://127.0.0.1:${n}`, pid: process.pid, tasks: SIGNS, encodings: ['msgpack'] }
    return puppet.raw(header, encodeBody(body, 'msgpack'))
  }
  let n = 0
  const flood = setInterval(() => void hello(++n), 20)
  onTestFinished(() => clearInterval(flood))
  await until(() => farm.stats().workers.length === 3)
  await joinFarm(farm, { isolation: 'inline' })
  expect(await farm.submit(tasks.double, 4)).toBe(8)
  expect(farm.stats().workers.length).toBeLessThanOrEqual(4)
})

it('who has given way and shows only then that it is there is given no task', async () => {
  const farm = await Farm.start({
    ...{ tasks: TASKS, workers: 0, joinable: true },
    endpoint: 'tcp://127.0.0.1:*',
    maxJoining: 1,
  })
  onTestFinished(() => farm.stop())
  const late = await Puppet.of(farm, { isMute: true })
  await late.hello()
  await until(() => late.told('WELCOME') !== undefined)
  // As long as one may be about to join before it gives way.
  await delay(1_000)
  const header = encodeHeader({ kind: 'HELLO', run: '', incarnation: 'another', sequence: 0, acknowledged: 0 })
  const body = { inbox: 'tcp://127.0.0.1:1', pid: process.pid, tasks: SIGNS, encodings: ['msgpack'] }
  await late.raw(header, encodeBody(body, 'msgpack'))
  await late.say('BEAT', 0, null)
  await until(() => farm.stats().workers.some(({ incarnation }) => incarnation === 'another'))
  const output = farm.submit(tasks.double, 4)
  await joinFarm(farm, { isolation: 'inline' })
  expect(await output).toBe(8)
  expect(late.told('TASKS')).toBeUndefined()
})

describe('an inbox', () => {
  it('whose name nobody knows yet holds up no other, and one that has a name is dialled by it', async () => {
    const lookup = vi.spyOn(dns, 'lookup').mockImplementation((async (name: string) => {
      return name === 'worker.test' ? { address: '127.0.0.1', family: 4 } : new Promise(() => undefined)
    }) as never)
    onTestFinished(() => lookup.mockRestore())
    const farm = await open()
    const puppet = await Puppet.of(farm)
    await puppet.hello({ inbox: 'tcp://slow.test:7000' })
    await until(() => farm.stats().workers.length === 2)
    await joinFarm(farm, { isolation: 'inline', inbox: 'tcp://127.0.0.1:*', advertise: 'worker.test' })
    await until(() => farm.stats().workers.some(({ isolation, state }) => isolation === 'remote' && state === 'idle'))
    expect(new Set(lookup.mock.calls.map(([name]) => name))).toEqual(new Set(['slow.test', 'worker.test']))
  })

  it.each([
    'ipc:///tmp/somebody',
    'tcp://[localhost]:7000',
    'tcp://127.0.0.1:7000;10.0.0.1:7000',
    'inproc://here',
    'tcp://127.0.0.1:7000,tcp://127.0.0.1:7001',
  ])('that is %s is not dialled by a farm that listens on tcp, and the log says so', async (inbox) => {
    const { log, warnings } = keptLog()
    const farm = await openFarm({ endpoint: 'tcp://127.0.0.1:*', joinable: true, log, ...QUICK })
    const puppet = await Puppet.of(farm)
    await puppet.hello({ inbox })
    await until(() => warnings.some(([, text]) => text.includes('its inbox is not dialled')))
    expect(farm.stats().workers).toHaveLength(1)
  })
})
