/**
 * The commands that serve and connect, with `--cert` and `--trust`.
 */
import { chmod, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Certificate } from '@troupe/core'
import { describe, expect, it } from 'vitest'
import { serve } from '../dist/serve.js'
import { serviceFile, serving, told } from './serving.js'
import { Command, folder, recordsOf, taskFile, troupe } from './troupe.js'

/** A service that trusts a folder with Ann in it, and the options by which commands connect. */
async function secured(...options: string[]) {
  const place = folder()
  const file = (name: string) => join(place, name)
  await mkdir(file('clients'))
  const ann = Certificate.generate({ name: 'Ann' })
  await Promise.all([
    Certificate.generate().save(file('server')),
    ann.save(file('ann')),
    ann.savePublic(file('clients/ann')),
    Certificate.generate().save(file('eve')),
  ])
  const { command, endpoint } = await serving(
    'shop.ts',
    ...['--cert', file('server'), '--trust', file('clients'), ...options],
  )
  const as = (name: string) => ['--cert', file(name), '--trust', file('server')]
  const stop = async () => {
    command.child.kill('SIGTERM')
    await command.result
  }
  return { endpoint, as, stop, file }
}

const COMMANDS = [
  ['call', ['shop.caller'], 2],
  ['ping', [], 1],
  ['describe', [], 2],
  ['top', ['--once', '--json'], 2],
] as const

describe('a service with --cert and --trust', () => {
  it('answers each command of who is trusted, and no other, each of which is told why', async () => {
    const { endpoint, as, stop } = await secured('--workers', '1', '--endpoint', 'tcp://0.0.0.0:!')
    const near = endpoint.replace('0.0.0.0', '127.0.0.1')
    for (const [command, args, status] of COMMANDS) {
      const honest = await troupe([command, near, ...args, ...as('ann')])
      expect(honest.status, honest.stderr).toBe(0)
      expect(() => JSON.parse(honest.stdout), command).not.toThrow()
      for (const stranger of [as('eve'), []]) {
        const refused = await troupe([command, near, ...args, ...stranger])
        expect(refused, command).toMatchObject({ status, stdout: '' })
        expect(refused.stderr, command).toMatch(/\(ACCESS_DENIED\)\n$/)
      }
    }
    await stop()
  })

  it('lets anyone in, encrypted, who knows its key, when anyone is trusted', async () => {
    const { endpoint, file, stop } = await secured('--trust', 'anyone')
    const { status, stdout } = await troupe(['ping', endpoint, '--trust', file('server')])
    expect([status, recordsOf(stdout)[0]!.service]).toEqual([0, 'shop'])
    expect((await troupe(['ping', endpoint])).status).toBe(1)
    await stop()
  })
})

describe('troupe map --inspect with --cert and --trust', () => {
  it('listens beyond loopback, and is shown to whom it trusts alone', async () => {
    const place = folder()
    const file = (name: string) => join(place, name)
    await Promise.all(['farm', 'ann', 'eve'].map((name) => Certificate.generate().save(file(name))))
    const map = new Command([
      ...['map', `${taskFile('several.js')}#double`, '--workers', '1', '--inspect', 'tcp://0.0.0.0:!'],
      ...['--cert', file('farm'), '--trust', file('ann')],
    ])
    const [, endpoint] = await told(map, /can be looked at: troupe top (\S+)\n/)
    const look = (name: string) =>
      troupe([
        ...['top', endpoint!.replace('0.0.0.0', '127.0.0.1'), '--once', '--json'],
        ...['--cert', file(name), '--trust', file('farm')],
      ])
    const shown = await look('ann')
    expect(shown).toMatchObject({ status: 0, stderr: '' })
    expect(recordsOf(shown.stdout)).toMatchObject([{ kind: 'farm', state: 'running' }])
    const refused = await look('eve')
    expect(refused).toMatchObject({ status: 2, stdout: '' })
    expect(refused.stderr).toMatch(/\(ACCESS_DENIED\)\n$/)
    map.child.stdin.end('2\n')
    expect(await map.result).toMatchObject({ status: 0, stdout: '4\n' })
  })
})

describe('is refused', () => {
  it.each([
    [{ cert: '/nowhere' }, 'INVALID_OPTIONS', /trust/],
    [{ trust: '/nowhere' }, 'INVALID_OPTIONS', /cert/],
    [{ cert: '/nowhere', trust: '/nowhere' }, 'CERTIFICATE_UNREADABLE', /nowhere/],
    [{ cert: '', trust: 'anyone' }, 'INVALID_OPTIONS', /cert/],
  ])('to serve with %j', async (options, code, why) => {
    await expect(serve(serviceFile('several.js'), { export: 'first', ...options }, process)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(why),
    })
  })

  it.each(COMMANDS)(
    'to %s with --cert and without --trust, or with files that are not there',
    async (command, args) => {
      const of = (...options: string[]) => troupe([command, 'tcp://127.0.0.1:1', ...args, ...options])
      const lone = await of('--cert', '/nowhere')
      expect(lone.status).toBe(2)
      expect(lone.stderr).toMatch(/trust.*\(INVALID_OPTIONS\)\n$/)
      const nowhere = await of('--cert', '/nowhere', '--trust', '/nowhere')
      expect(nowhere).toMatchObject({
        status: 2,
        stderr: 'troupe: the certificate /nowhere cannot be used: there is no such file (CERTIFICATE_UNREADABLE)\n',
      })
    },
  )

  it.each(COMMANDS)(
    'to %s with what is no security of who connects, and says so without its insides',
    async (command, args) => {
      const place = folder()
      const file = (name: string) => join(place, name)
      await Promise.all([
        Certificate.generate().save(file('ann')),
        Certificate.generate().save(file('open')),
        Certificate.generate().savePublic(file('half')),
        mkdir(file('none')),
      ])
      await chmod(file('open_secret'), 0o644)
      for (const [cert, trust, why] of [
        ['open', 'half', /open_secret cannot be used: others can read its secret key.*\(CERTIFICATE_UNREADABLE\)\n$/],
        ['half', 'ann', /cert: has no secret key: .*half_secret is wanted .*\(INVALID_OPTIONS\)\n$/],
        ['ann', 'gone', /gone cannot be used: there is no such file or folder \(CERTIFICATE_UNREADABLE\)\n$/],
        ['ann', 'none', /trust: must be the one certificate of the server, not 0 \(INVALID_OPTIONS\)\n$/],
      ] as const) {
        const options = ['--cert', file(cert), '--trust', file(trust)]
        const { status, stderr } = await troupe([command, 'tcp://127.0.0.1:1', ...args, ...options])
        expect(stderr).toMatch(why)
        expect(stderr).not.toContain('$')
        expect(status).toBe(2)
      }
    },
  )
})
