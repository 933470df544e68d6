import { describe, expect, it } from 'vitest'
import { serve } from '../dist/serve.js'
import { serviceFile, serving, told } from './serving.js'
import { Command, troupe } from './troupe.js'

describe('troupe serve', () => {
  it('serves a TypeScript file in its own process, on a free port of loopback, and says where', async () => {
    const { command, endpoint } = await serving('shop.ts')
    expect(endpoint).toMatch(/^tcp:\/\/127\.0\.0\.1:\d+$/)
    const { stdout } = await troupe(['call', endpoint, 'shop.caller'])
    expect(JSON.parse(stdout)).toEqual({ pid: command.pid })
    command.child.kill('SIGTERM')
    expect(await command.result).toMatchObject({ signal: 'SIGTERM', stdout: '' })
  })

  it.each(['process', 'thread'])('serves a TypeScript file on workers, each in a %s', async (isolation) => {
    const { command, endpoint } = await serving('shop.ts', '--workers', '1', '--isolation', isolation)
    const { stdout } = await troupe(['call', endpoint, 'shop.caller'])
    expect(JSON.parse(stdout).pid === command.pid).toBe(isolation === 'thread')
    command.child.kill('SIGTERM')
    expect((await command.result).signal).toBe('SIGTERM')
  })

  it.each([[[]], [['--workers', '1']]])('keeps stdout free of what handlers write: %j', async (options) => {
    const { command, endpoint } = await serving('shop.ts', ...options)
    await troupe(['call', endpoint, 'shop.rest', '0'])
    command.child.kill('SIGTERM')
    const { stdout, stderr } = await command.result
    expect({ stdout, hasSaid: stderr.includes('rests') }).toEqual({ stdout: '', hasSaid: true })
  })

  it('serves the export that is named, where there are several', async () => {
    const { command, endpoint } = await serving('several.js', '--export', 'second')
    expect((await troupe(['call', endpoint, 'right.who'])).stdout).toBe('"right"\n')
    command.child.kill('SIGTERM')
    await command.result
  })

  it('serves what a function that is named returns, with workers too', async () => {
    const { command, endpoint } = await serving('several.js', '--export', 'made', '--workers', '1')
    expect((await troupe(['call', endpoint, 'right.who'])).stdout).toBe('"made"\n')
    command.child.kill('SIGTERM')
    await command.result
  })

  it.each([
    ['Ctrl-C', 'SIGINT'],
    ['SIGTERM', 'SIGTERM'],
  ] as const)('finishes at %s the calls that run, and ends by that signal', async (_, signal) => {
    const { command, endpoint } = await serving('shop.ts', '--workers', '1')
    const resting = troupe(['call', endpoint, 'shop.rest', '1000'])
    await told(command, /rests/)
    if (signal === 'SIGINT') command.interrupt()
    else command.child.kill(signal)
    expect(await resting).toMatchObject({ status: 0, stdout: '"rested"\n' })
    const result = await command.result
    expect(result.signal).toBe(signal)
    expect(result.stderr).toContain('finishing the calls that run')
  })

  it('stops at once at the second signal', async () => {
    const { command, endpoint } = await serving('shop.ts', '--drain-ms', '60000')
    const resting = troupe(['call', endpoint, 'shop.rest', '60000'])
    await told(command, /rests/)
    command.child.kill('SIGTERM')
    await told(command, /finishing/)
    command.child.kill('SIGTERM')
    expect((await command.result).signal).toBe('SIGTERM')
    const { status, stderr } = await resting
    expect(status).toBe(1)
    expect(stderr).toMatch(/shop\.rest.* \(UNAVAILABLE\)\n$/)
  })

  it('ends at a signal that comes while its workers start', async () => {
    const command = new Command(['serve', serviceFile('shop.ts'), '--workers', '1'])
    await expect.poll(() => command.workers().length, { timeout: 10_000 }).toBeGreaterThan(0)
    command.child.kill('SIGTERM')
    expect((await command.result).signal).toBe('SIGTERM')
  })

  it.each([
    ['nowhere.ts', {}, 'MODULE_NOT_FOUND', /nowhere\.ts/],
    ['several.js', {}, 'EXPORT_NOT_FOUND', /first, second/],
    ['several.js', { export: 'third' }, 'EXPORT_NOT_FOUND', /third/],
    ['several.js', { export: 'other' }, 'EXPORT_NOT_FOUND', /other/],
    ['several.js', { export: 'first', endpoint: 'tcp://0.0.0.0:!' }, 'INSECURE_ENDPOINT', /insecure/],
    ['several.js', { export: 'first', endpoint: 'nowhere' }, 'INVALID_ENDPOINT', /nowhere/],
    ['several.js', { workers: '0' }, 'INVALID_OPTIONS', /workers/],
    ['several.js', { isolation: 'thread' }, 'INVALID_OPTIONS', /isolation: is of workers/],
  ])('is refused: %s %j', async (file, options, code, why) => {
    await expect(serve(serviceFile(file), options, process)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(why),
    })
  })

  it('says in one line why it cannot', async () => {
    const { status, stdout, stderr } = await troupe(['serve', serviceFile('several.js')])
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toMatch(/^troupe: [^\n]* \(EXPORT_NOT_FOUND\)\n$/)
  })

  it('listens beyond loopback when it is told to', async () => {
    const { command, endpoint } = await serving('shop.ts', '--endpoint', 'tcp://0.0.0.0:!', '--insecure')
    const { status } = await troupe(['ping', endpoint.replace('0.0.0.0', '127.0.0.1')])
    expect(status).toBe(0)
    command.child.kill('SIGTERM')
    await command.result
  })
})
