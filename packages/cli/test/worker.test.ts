import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { Farm } from '@troupe/actors/farm'
import { Certificate, type CurveSecurity } from '@troupe/core'
import { describe, expect, it, onTestFinished } from 'vitest'
import { told } from './serving.js'
import * as several from './tasks/several.js'
import { Command, folder, linesOf, taskFile, troupe } from './troupe.js'

const FILE = taskFile('several.js')

/** A farm without workers of its own, and where to join it. */
async function openFarm(options = {}) {
  const given = { tasks: FILE, workers: 0, endpoint: 'tcp://127.0.0.1:*', joinable: true }
  const farm = await Farm.start({ ...given, ...options })
  onTestFinished(() => farm.stop())
  return { farm, join: ['worker', FILE, '--join', farm.endpoint!] }
}

describe('troupe worker', () => {
  it('joins a farm, says so, and does its tasks in processes of its own', async () => {
    const { farm, join } = await openFarm()
    const command = new Command([...join, '--slots', '2', '--tags', 'eu', 'gpu'])
    await told(command, /2 workers have joined the farm at tcp/)
    expect(await farm.submit(several.double, 21, { tags: ['gpu'] })).toBe(42)
    expect(farm.stats().workers.map(({ tags }) => tags)).toEqual([
      ['eu', 'gpu'],
      ['eu', 'gpu'],
    ])
    expect(command.workers()).toEqual(expect.arrayContaining(farm.stats().workers.map(({ pid }) => pid)))
    command.interrupt()
    expect(await command.result).toMatchObject({ signal: 'SIGINT', stdout: '' })
    await expect.poll(() => farm.stats().workers).toEqual([])
  })

  it('joins a farm that is secured with its certificate, and is refused, and told so, with another', async () => {
    const place = folder()
    const [server, ann, eve] = [Certificate.generate(), Certificate.generate(), Certificate.generate()]
    const file = (name: string) => join(place, name)
    await Promise.all([server.savePublic(file('farm')), ann.save(file('ann')), eve.save(file('eve'))])
    const { farm, join: command } = await openFarm({ security: { certificate: server, trust: ann } })
    const as = (name: string) => [...command, '--slots', '1', '--cert', file(name), '--trust', file('farm')]
    const stranger = await troupe([...as('eve'), '--join-timeout-ms', '1000'])
    expect(stranger.status).toBe(2)
    expect(stranger.stderr).toMatch(/; waiting for it\n.*\(ACCESS_DENIED\)\n$/)
    const worker = new Command(as('ann'))
    await told(worker, /1 worker has joined/)
    expect(await farm.submit(several.double, 21)).toBe(42)
    worker.child.kill('SIGTERM')
    expect((await worker.result).signal).toBe('SIGTERM')
  })

  it('says once why its farm does not let it in, at first and after a restart, and waits for one that does', async () => {
    const place = folder()
    const [server, ann, eve] = [Certificate.generate(), Certificate.generate(), Certificate.generate()]
    const file = (name: string) => join(place, name)
    await Promise.all([server.savePublic(file('farm')), ann.save(file('ann'))])
    const { farm, join: command } = await openFarm({ security: { certificate: eve, trust: ann } })
    const keys = ['--cert', file('ann'), '--trust', file('farm')]
    const worker = new Command([...command, '--slots', '2', '--join-timeout-ms', '0', ...keys])
    let last = farm
    const follow = async (security: CurveSecurity) => {
      await last.stop()
      last = (await openFarm({ endpoint: farm.endpoint, security })).farm
    }
    await told(worker, /another key than the certificate .*; waiting for it\n/)
    await follow({ certificate: server, trust: ann })
    await told(worker, /2 workers have joined/)
    await follow({ certificate: server, trust: eve })
    await told(worker, /does not trust the key of this worker.*; waiting for it\n/)
    await follow({ certificate: server, trust: ann })
    await told(worker, /is joined again/)
    worker.child.kill('SIGTERM')
    const { signal, stderr } = await worker.result
    expect(signal).toBe('SIGTERM')
    expect(linesOf(stderr).slice(0, 5)).toEqual([
      expect.stringContaining('another key than the certificate'),
      expect.stringContaining('2 workers have joined'),
      expect.stringContaining('is lost: the farm has ended; waiting for it'),
      expect.stringContaining('does not trust the key of this worker'),
      expect.stringContaining('is joined again'),
    ])
  })

  it('waits for its farm when it ends, and joins the next', async () => {
    const { farm, join } = await openFarm()
    const command = new Command([...join, '--slots', '1'])
    await told(command, /1 worker has joined/)
    await farm.stop()
    const { farm: next } = await openFarm({ endpoint: farm.endpoint })
    expect(await next.submit(several.double, 2)).toBe(4)
    command.child.kill('SIGTERM')
    const { signal, stderr } = await command.result
    expect(signal).toBe('SIGTERM')
    expect(stderr).toMatch(/is lost: the farm has ended; waiting for it.*is joined again/s)
  })

  it('ends its processes when it is killed', async () => {
    const { farm, join } = await openFarm({ heartbeatMs: 100, livenessMs: 300 })
    const command = new Command([...join, '--slots', '1'])
    await told(command, /1 worker has joined/)
    command.child.kill('SIGKILL')
    await command.result
    await expect.poll(() => farm.stats().workers, { timeout: 10_000 }).toEqual([])
  })

  it.each(['SIGINT', 'SIGTERM'] as const)('ends by %s also while it waits to be let in', async (signal) => {
    const server = createServer(() => undefined)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const connected = once(server, 'connection')
    const { port } = server.address() as { port: number }
    const command = new Command(['worker', FILE, '--join', `tcp://127.0.0.1:${port}`, '--slots', '1'])
    await connected
    await expect.poll(() => command.workers().length).toBeGreaterThan(0)
    command.child.kill(signal)
    expect((await command.result).signal).toBe(signal)
    server.close()
  })

  it.each([
    [
      ['worker', FILE, '--join', 'tcp://127.0.0.1:1', '--join-timeout-ms', '300'],
      'no farm can be reached at tcp://127.0.0.1:1',
    ],
    [['worker', 'nowhere.js', '--join', 'tcp://127.0.0.1:1'], 'there is no task file nowhere.js'],
    [['worker', FILE, '--join', 'tcp://127.0.0.1:1', '--cert', '/nowhere'], 'trust: is wanted with --cert'],
    [['worker', FILE], "required option '--join <ENDPOINT>' not specified"],
    [['worker', FILE, '--join', 'somewhere'], 'farm: must be one address'],
  ])('ends with 2 and says why: %j', async (args, why) => {
    const { status, stderr } = await troupe(args)
    expect(status).toBe(2)
    expect(stderr).toContain(why)
    expect(stderr).not.toContain('    at ')
  })

  it('is refused with other tasks than the farm has, and told what differs', async () => {
    const { join } = await openFarm({ tasks: taskFile('chatty.js') })
    const { status, stderr } = await troupe([...join, '--slots', '1'])
    expect(status).toBe(2)
    expect(stderr).toMatch(/refused this worker.*it has no task "/)
  })
})
