/**
 * The commands that serve and connect, with `--cert` and `--trust`.
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Certificate } from '@troupe/core'
import { describe, expect, it } from 'vitest'
import { serve } from '../dist/serve.js'
import { serviceFile, serving } from './serving.js'
import { folder, recordsOf, troupe } from './troupe.js'

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
      expect(nowhere.status).toBeGreaterThan(0)
      expect(nowhere.stderr).toMatch(/nowhere.*\(CERTIFICATE_UNREADABLE\)\n$/)
    },
  )
})
