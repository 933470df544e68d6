import { pathToFileURL } from 'node:url'
import { Actor, loadExport, loadModule } from '@troupe/actors/actor'
import { isAlive } from '@troupe/testing/is-alive'
import { describe, expect, it } from 'vitest'
import { ACTORS, collect, ISOLATIONS, linesOf, newFile, until } from './open-actor.js'

const fixture = (name: string) => new URL(`./fixtures/${name}`, import.meta.url)

describe.each(ISOLATIONS)('an actor that is named by module and export (%s)', (isolation) => {
  const start = (module: URL, name: string, options = {}) =>
    Actor.start({ module, export: name }, undefined, { isolation, ...options })

  it('runs, under the name of its export', async () => {
    await using actor = await start(ACTORS, 'echo')
    await actor.send('hi')
    expect([actor.name, await actor.receive()]).toEqual(['echo', 'hi'])
    expect(actor.pid === undefined).toBe(isolation !== 'process')
  })

  it('may be the default export of its module, and its module may be given as data', async () => {
    const module = new URL(`data:text/javascript,${encodeURIComponent('export default (pipe) => pipe.send("here")')}`)
    await using actor = await start(module, 'default')
    expect(await collect(actor)).toEqual(['here'])
  })

  it('does not start without its module: MODULE_NOT_FOUND, also for a folder', async () => {
    for (const module of [fixture('not-there.mjs'), fixture('.')]) {
      await expect(start(module, 'echo')).rejects.toMatchObject({ code: 'MODULE_NOT_FOUND' })
    }
  })

  it('does not start when its module throws: MODULE_FAILED with the cause', async () => {
    await expect(start(fixture('throws.mjs'), 'echo')).rejects.toMatchObject({
      ...{ code: 'MODULE_FAILED', message: expect.stringContaining('not today') },
      cause: { name: 'RangeError', message: 'not today' },
    })
  })

  it('does not start without its export: EXPORT_NOT_FOUND names those that there are', async () => {
    await expect(start(ACTORS, 'ecko')).rejects.toMatchObject({
      ...{ code: 'EXPORT_NOT_FOUND', message: expect.stringMatching(/exports no ecko, but .*\becho\b/) },
    })
  })

  it('does not start when its export is no function: EXPORT_NOT_FOUND', async () => {
    await expect(start(ACTORS, 'noFunction')).rejects.toMatchObject({
      ...{ code: 'EXPORT_NOT_FOUND', message: expect.stringContaining('is no function') },
    })
  })

  it('whose module never loads is killed at startTimeoutMs: START_TIMEOUT', async () => {
    await expect(start(fixture('never-loads.mjs'), 'echo', { startTimeoutMs: 300 })).rejects.toMatchObject({
      code: 'START_TIMEOUT',
    })
  })

  it('whose module never loads is given up by the signal: ABORTED', async () => {
    const aborter = new AbortController()
    const starting = start(fixture('never-loads.mjs'), 'echo', { signal: aborter.signal })
    aborter.abort()
    await expect(starting).rejects.toMatchObject({ code: 'ABORTED' })
  })

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['a path', { module: '/tmp/x.mjs', export: 'echo' }],
    ['no export', { module: ACTORS }],
    ['an export that is no name', { module: ACTORS, export: 1 }],
  ])('is not %s: INVALID_OPTIONS', async (_what, code) => {
    const starting = Actor.start(code as never, undefined, { isolation } as object)
    await expect(starting).rejects.toMatchObject({ code: 'INVALID_OPTIONS', issues: [{ path: 'code' }] })
  })
})

describe('code for a process', () => {
  it('is not a closure: INVALID_OPTIONS', async () => {
    const starting = Actor.start(() => undefined, undefined, { isolation: 'process' } as object)
    await expect(starting).rejects.toMatchObject({
      ...{ code: 'INVALID_OPTIONS', issues: [{ path: 'isolation', message: expect.stringContaining('a closure') }] },
    })
  })

  it('that never loads leaves no process', async () => {
    const notes = newFile()
    const aborter = new AbortController()
    const code = { module: fixture('never-loads.mjs'), export: 'echo' }
    const options = { isolation: 'process', signal: aborter.signal, env: { NOTES: notes } } as const
    const starting = Actor.start(code, undefined, options)
    await until(() => linesOf(notes).length > 0)
    aborter.abort()
    await expect(starting).rejects.toMatchObject({ code: 'ABORTED' })
    expect(isAlive(Number(linesOf(notes)[0]))).toBe(false)
  })
})

describe('a module', () => {
  it('is loaded by its URL, one export or all of them', async () => {
    expect(await loadModule(ACTORS)).toMatchObject({ noFunction: 42, echo: expect.any(Function) })
    expect(await loadExport({ module: ACTORS, export: 'noFunction' })).toBe(42)
  })

  it('whose import ends when its actor was given up is not run', async () => {
    const text = 'await new Promise((go) => { globalThis.go = go }); export const run = () => { globalThis.ran = true }'
    const shared = globalThis as { go?: () => void; ran?: boolean }
    const module = new URL(`data:text/javascript,${encodeURIComponent(text)}`)
    const starting = Actor.start({ module, export: 'run' }, undefined, { startTimeoutMs: 20 })
    await expect(starting).rejects.toMatchObject({ code: 'START_TIMEOUT' })
    shared.go!()
    await loadModule(module)
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate)
    expect(shared.ran).toBeUndefined()
  })

  it('that is not there is told with its path', async () => {
    await expect(loadModule(pathToFileURL('/not/there.mjs'))).rejects.toMatchObject({
      ...{ code: 'MODULE_NOT_FOUND', message: 'there is no file /not/there.mjs' },
    })
  })
})
