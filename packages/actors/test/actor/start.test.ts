import { writeFileSync } from 'node:fs'
import { Actor, ActorFailedError } from '@troupe/actors/actor'
import { TroupeError } from '@troupe/core'
import { isAlive } from '@troupe/testing/is-alive'
import { describe, expect, it } from 'vitest'
import { ISOLATIONS, isSettled, linesOf, newFile, openActor, until } from './open-actor.js'

const WAYS = ['receive', 'send', 'iterate', 'ready', 'return']

describe.each(ISOLATIONS)('the start of an actor (%s)', (isolation) => {
  it.each(WAYS)('resolves when the actor signals that it is ready, not before: %s', async (how) => {
    const [gate, notes] = [newFile(), newFile()]
    const starting = openActor(isolation, 'readyOnce', { gate, how, notes })
    await until(() => linesOf(notes)[0] === 'begun')
    expect(await isSettled(starting)).toBe(false)
    writeFileSync(gate, '')
    const actor = await starting
    expect(actor.state).toMatch(how === 'return' ? /./ : /^running$/)
    await actor.stop()
    expect(actor.state).toBe('stopped')
  })

  it('gives an actor whose name is that of its function, unless it was given one', async () => {
    expect((await openActor(isolation, 'echo')).name).toBe('echo')
    expect((await openActor(isolation, 'echo', undefined, { name: 'Ada' })).name).toBe('Ada')
  })

  it('rejects with ACTOR_FAILED and the cause when the actor throws before it is ready', async () => {
    const error: ActorFailedError = await openActor(isolation, 'throws', 'an error', { name: 'Ada' }).then(
      () => expect.fail('it has started'),
      (failure: unknown) => failure as ActorFailedError,
    )
    expect(error).toBeInstanceOf(ActorFailedError)
    expect(error).toMatchObject({
      ...{ name: 'ActorFailedError', code: 'ACTOR_FAILED', message: 'actor Ada failed: broken', retryable: false },
      cause: { name: 'RangeError', message: 'broken', code: 'E_BROKEN', cause: { message: 'root' } },
    })
  })

  it('rejects with ACTOR_FAILED when what the actor throws is no error', async () => {
    const starting = openActor(isolation, 'throws', 'string')
    await expect(starting).rejects.toMatchObject({ code: 'ACTOR_FAILED', message: 'actor throws failed: a string' })
  })

  it('rejects with a TroupeError of the actor as it is', async () => {
    const starting = openActor(isolation, 'throws', 'troupe')
    await expect(starting).rejects.toBeInstanceOf(TroupeError)
    await expect(starting).rejects.toMatchObject({ code: 'QUEUE_FULL', message: 'ours', retryable: true })
  })

  it('kills an actor that is not ready within startTimeoutMs, and rejects with START_TIMEOUT', async () => {
    const notes = newFile()
    const startTimeoutMs = { inline: 30, thread: 1_200, process: 2_500 }[isolation]
    const starting = openActor(isolation, 'neverReady', notes, { startTimeoutMs, name: 'Ada' })
    await expect(starting).rejects.toMatchObject({
      code: 'START_TIMEOUT',
      message: expect.stringContaining(`actor Ada was not ready in ${startTimeoutMs} ms`),
    })
    expectKilled(notes)
  })

  it('rejects with ABORTED when its signal aborts, and kills the actor', async () => {
    const notes = newFile()
    const aborter = new AbortController()
    const starting = openActor(isolation, 'neverReady', notes, { signal: aborter.signal, startTimeoutMs: 0 })
    await until(() => Number(linesOf(notes)[0]) > 0)
    aborter.abort('no longer wanted')
    await expect(starting).rejects.toMatchObject({ code: 'ABORTED', cause: 'no longer wanted' })
    expectKilled(notes)
  })

  it('rejects with ABORTED when its signal has aborted before, and nothing of the actor runs', async () => {
    const notes = newFile()
    const starting = openActor(isolation, 'neverReady', notes, { signal: AbortSignal.abort() })
    await expect(starting).rejects.toMatchObject({ code: 'ABORTED' })
    expect(linesOf(notes)).toEqual([])
  })

  it('has ended with its signal: that aborts later means nothing to the actor', async () => {
    const aborter = new AbortController()
    const actor = await openActor(isolation, 'echo', undefined, { signal: aborter.signal })
    aborter.abort()
    await actor.send('still here')
    expect(await actor.receive()).toBe('still here')
  })

  it('waits for ever when startTimeoutMs is 0', async () => {
    const [gate, notes] = [newFile(), newFile()]
    const starting = openActor(isolation, 'readyOnce', { gate, how: 'ready', notes }, { startTimeoutMs: 0 })
    await until(() => linesOf(notes)[0] === 'begun')
    expect(await isSettled(starting)).toBe(false)
    writeFileSync(gate, '')
    expect((await starting).state).toBe('running')
  })

  it.each([
    ['startTimeoutMs', { startTimeoutMs: -1 }],
    ['shutdownMs', { shutdownMs: 'soon' }],
    ['shutdownMs', { shutdownMs: 2 ** 31 }],
    ['pipeLimit', { pipeLimit: 0 }],
    ['pipeLimit', { pipeLimit: 1.5 }],
    ['name', { name: '' }],
    ['signal', { signal: {} }],
    ['log', { log: console.log }],
    ['env', { env: ['x'] }],
    ['execArgv', { execArgv: '--inspect' }],
    ['stdout', { stdout: 'pipe' }],
    ['', { shutdown: 1 }],
  ])('rejects with INVALID_OPTIONS that names what is wrong: %s of %o', async (path, options) => {
    const starting = openActor(isolation, 'echo', undefined, options as object)
    await expect(starting).rejects.toMatchObject({ code: 'INVALID_OPTIONS', issues: [{ path }] })
  })

  /** By notes that begin with its process's id. */
  function expectKilled(notes: string): void {
    const [pid, ...rest] = linesOf(notes)
    expect(rest).toEqual(isolation === 'inline' ? ['aborted'] : [])
    expect(isAlive(Number(pid))).toBe(isolation !== 'process')
  }
})

describe('the start', () => {
  it('of a closure hands the arguments over as they are, to a process as a copy', async () => {
    const [here, there] = [{ changed: false }, { changed: false }]
    await openActor('inline', 'changesArgs', here)
    await (await openActor('process', 'changesArgs', there)).exit
    expect([here.changed, there.changed]).toEqual([true, false])
  })

  it('does not run the actor before its owner has it in hand', async () => {
    const order: string[] = []
    const starting = Actor.start(() => void order.push('actor'))
    order.push('owner')
    await (await starting).exit
    expect(order).toEqual(['owner', 'actor'])
  })

  it('calls a closure without a name anonymous', async () => {
    expect((await Actor.start(() => undefined)).name).toBe('anonymous')
  })
})
