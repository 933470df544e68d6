import { Actor, type ActorOptions } from '@troupe/actors/actor'
import { describe, expect, it } from 'vitest'
import { collect, linesOf, newFile, openActor, track, until } from './open-actor.js'

const MORTALS = new URL('./fixtures/mortals.mjs', import.meta.url)
const AWAY = ['thread', 'process'] as const

async function open(isolation: (typeof AWAY)[number], args?: object, options: ActorOptions = {}) {
  return track(await Actor.start({ module: MORTALS, export: 'mortal' }, args, { name: 'Ada', isolation, ...options }))
}
const failed = (error: object) => ({ reason: 'failed', error })

describe.each(AWAY)('an actor that dies in its %s', (isolation) => {
  it.each([
    ['exit0', { code: 'ACTOR_EXITED', exitCode: 0, message: `the ${isolation} of actor Ada exited with code 0` }],
    ['exit7', { code: 'ACTOR_EXITED', exitCode: 7, signal: null }],
    ['rejection', { code: 'ACTOR_FAILED', cause: { name: 'RangeError', message: 'nobody handles it' } }],
    ['exception', { code: 'ACTOR_FAILED', cause: { name: 'RangeError', message: 'nobody catches it' } }],
  ])('has failed, and this process lives: %s while it runs, starts and stops', async (how, error) => {
    const [running, stopping] = await Promise.all([open(isolation), open(isolation, { atStop: how })])
    const asked = running.ask(how, { timeoutMs: 0 })
    await expect(asked).rejects.toMatchObject(error)
    expect(await running.exit).toMatchObject(failed(error))
    expect(await collect(running)).toEqual([])
    await stopping.stop()
    expect(await stopping.exit).toMatchObject(failed(error))
    await expect(open(isolation, { atStart: how })).rejects.toMatchObject(error)
  })

  it('of a loop without end is killed by kill, by a stop in its time, and by hangMs: ACTOR_HUNG', async () => {
    const actors = await Promise.all([
      open(isolation),
      open(isolation, {}, { shutdownMs: 50 }),
      open(isolation, {}, { hangMs: 400 }),
    ])
    const [killed, stopped, hung] = actors
    for (const actor of actors) await actor.send('loop')
    const hangs = hung!.exit
    killed!.kill()
    await stopped!.stop()
    expect([await killed!.exit, await stopped!.exit]).toEqual([{ reason: 'killed' }, { reason: 'killed' }])
    const error = {
      name: 'ActorHungError',
      code: 'ACTOR_HUNG',
      hangMs: 400,
      message: expect.stringContaining('400 ms'),
    }
    expect(await hangs).toMatchObject(failed(error))
  })

  it('is not taken for one that hangs while it is busy for less, or while its owner stands still', async () => {
    const actor = await open(isolation, {}, { hangMs: 1_500 })
    const busy = actor.ask('a loop of 300 ms')
    expect(await actor.receive()).toBe('after a loop of 300 ms')
    busy.catch(() => undefined)
    for (const until = Date.now() + 2_000; Date.now() < until; );
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(actor.state).toBe('running')
    await actor.stop()
    expect(await actor.exit).toEqual({ reason: 'shutdown' })
  })

  const options = { maxMemoryMiB: 48, shutdownMs: 'infinity' } as const
  const message = expect.stringContaining('maxMemoryMiB of 48')
  const error = { name: 'OutOfMemoryError', code: 'OUT_OF_MEMORY', maxMemoryMiB: 48, message }

  it.each(['heap', 'buffers'])('has run out of memory when it has filled its %s: OUT_OF_MEMORY', async (how) => {
    const actor = await open(isolation, {}, options)
    await actor.send(how)
    expect(await actor.exit).toMatchObject(failed(error))
  })

  it('has run out of memory when it does so while it starts or stops too', async () => {
    await expect(open(isolation, { atStart: 'heap' }, options)).rejects.toMatchObject(error)
    const stopping = await open(isolation, { atStop: 'heap' }, options)
    await stopping.stop()
    expect(await stopping.exit).toMatchObject(failed(error))
  })
})

describe("an actor's process", () => {
  it('that is stopped by a signal hangs: ACTOR_HUNG', async () => {
    const actor = await open('process', {}, { hangMs: 500 })
    process.kill(actor.pid!, 'SIGSTOP')
    expect(await actor.exit).toMatchObject(failed({ code: 'ACTOR_HUNG' }))
  })

  it('that meets a limit of Node which is not ours has run out of memory too', async () => {
    const actor = await open('process', {}, { execArgv: ['--max-old-space-size=60'] })
    await actor.send('heap')
    const error = {
      code: 'OUT_OF_MEMORY',
      maxMemoryMiB: undefined,
      message: expect.stringContaining('as much as Node allows'),
    }
    expect(await actor.exit).toMatchObject(failed(error))
  })
})

describe("an actor's thread", () => {
  it('has no sockets, nor has a thread that it starts: SOCKET_IN_THREAD', async () => {
    const actor = track(await Actor.start({ module: MORTALS, export: 'sockets' }, undefined, { isolation: 'thread' }))
    expect(await collect(actor)).toEqual(Array(5).fill('SOCKET_IN_THREAD'))
    expect(await actor.exit).toEqual({ reason: 'normal' })
  })

  it('may be ended at any moment of its start', async () => {
    const notes = newFile()
    const aborter = new AbortController()
    const starting = open('thread', { notes, atStart: 'loop' }, { signal: aborter.signal, startTimeoutMs: 0 })
    await until(() => linesOf(notes).length === 1)
    aborter.abort()
    await expect(starting).rejects.toMatchObject({ code: 'ABORTED' })
  })
})

describe('limits of an event loop and of memory', () => {
  it.each([['hangMs'], ['maxMemoryMiB']])(
    'are none of an actor in this thread: INVALID_OPTIONS for %s',
    async (option) => {
      await expect(openActor('inline', 'echo', undefined, { [option]: 100 })).rejects.toMatchObject({
        ...{ code: 'INVALID_OPTIONS', issues: [{ path: option }] },
      })
    },
  )
})
