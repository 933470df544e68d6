import { writeFileSync } from 'node:fs'
import type { ActorOptions } from '@troupe/actors/actor'
import { isAlive } from '@troupe/testing/is-alive'
import { describe, expect, it } from 'vitest'
import { ISOLATIONS, isSettled, newFile, numbers, openActor, until } from './open-actor.js'

describe.each(ISOLATIONS)('the stop of an actor (%s)', (isolation) => {
  const open = (...rest: Parameters<typeof openActor> extends [unknown, ...infer Rest] ? Rest : never) =>
    openActor(isolation, ...rest)

  it('is the end of its pipe, and resolves when it has ended', async () => {
    const actor = await open('echo')
    await actor.stop()
    expect(actor.state).toBe('stopped')
    expect(await isSettled(actor.exit)).toBe(true)
    expect(await actor.exit).toEqual({ reason: 'shutdown' })
  })

  it('aborts its signal at once, and $TERM comes behind what its pipe holds', async () => {
    const actor = await open('takesWhenTold')
    for (const n of numbers(50)) await actor.send(n)
    await actor.stop()
    expect(await actor.receive()).toEqual({ took: numbers(50), after: true })
    expect(await actor.exit).toEqual({ reason: 'shutdown' })
  })

  it('comes behind the sends that wait for room too', async () => {
    const actor = await open('takesWhenTold', undefined, { pipeLimit: 2 })
    const sends = numbers(60).map((n) => actor.send(n))
    await actor.stop()
    await Promise.all(sends)
    expect(await actor.receive()).toEqual({ took: numbers(60), after: true })
  })

  it.each(['returning', 'throwing the reason', 'throwing an AbortError', 'throwing what a wait raised'])(
    'is a shutdown when the actor ends by %s',
    async (how) => {
      const actor = await open('stopsBy', how)
      await actor.stop()
      expect([actor.state, await actor.exit]).toEqual(['stopped', { reason: 'shutdown' }])
    },
  )

  it('is a shutdown when a wait of the actor on its pipe is aborted by the signal', async () => {
    const actor = await open('receivesUntilAbort')
    await actor.send(1)
    expect(await actor.receive()).toBe(1)
    await actor.stop()
    expect(await actor.exit).toEqual({ reason: 'shutdown' })
  })

  it('does not hide what else the actor throws: it has failed, and stop still resolves', async () => {
    const actor = await open('stopsBy', 'throwing something else')
    await actor.stop()
    expect(actor.state).toBe('failed')
    const error = { code: 'ACTOR_FAILED', cause: { message: 'could not clean up' } }
    expect(await actor.exit).toMatchObject({ reason: 'failed', error })
  })

  it.each<[string, ActorOptions, { timeoutMs?: number | 'brutal_kill' }]>([
    ['shutdownMs', { shutdownMs: 20 }, {}],
    ['timeoutMs of the stop', { shutdownMs: 'infinity' }, { timeoutMs: 20 }],
    ["shutdownMs 'brutal_kill'", { shutdownMs: 'brutal_kill' }, {}],
    ["timeoutMs 'brutal_kill'", { shutdownMs: 'infinity' }, { timeoutMs: 'brutal_kill' }],
    ['shutdownMs 0', { shutdownMs: 0 }, {}],
  ])('kills one that does not stop: %s', async (_what, options, stop) => {
    const actor = await open('deaf', undefined, options)
    const { pid = process.pid } = actor
    await actor.stop(stop)
    expect([actor.state, await actor.exit]).toEqual(['stopped', { reason: 'killed' }])
    expect(isAlive(pid)).toBe(isolation !== 'process')
  })

  it("does not ask with 'brutal_kill'", async () => {
    const actor = await open('echo', undefined, { shutdownMs: 'brutal_kill' })
    await actor.stop()
    expect(await actor.exit).toEqual({ reason: 'killed' })
  })

  it("waits for as long as it takes with 'infinity'", async () => {
    const gate = newFile()
    const actor = await open('takesLater', gate, { shutdownMs: 1 })
    const stopping = actor.stop({ timeoutMs: 'infinity' })
    await new Promise((resolve) => setTimeout(resolve, 60))
    expect([await isSettled(stopping), actor.state]).toEqual([false, 'stopping'])
    writeFileSync(gate, '')
    await stopping
    expect(await actor.exit).toEqual({ reason: 'shutdown' })
  })

  it('that is called again while it stops waits too, and one with less time hurries it', async () => {
    const actor = await open('deaf', undefined, { shutdownMs: 'infinity' })
    const stops = [actor.stop(), actor.stop(), actor[Symbol.asyncDispose]()]
    expect(await isSettled(Promise.race(stops))).toBe(false)
    await Promise.all([...stops, actor.stop({ timeoutMs: 10 })])
    expect([actor.state, await actor.exit]).toEqual(['stopped', { reason: 'killed' }])
  })

  it('can be overtaken by a kill', async () => {
    const actor = await open('deaf', undefined, { shutdownMs: 'infinity' })
    const stopping = actor.stop()
    actor.kill()
    await stopping
    expect(await actor.exit).toEqual({ reason: 'killed' })
  })

  it('of one that has stopped, failed or was killed resolves, and changes nothing', async () => {
    const ends = [await open('returns'), await open('doAsTold'), await open('deaf')] as const
    await ends[1].send('throw')
    ends[2].kill()
    const exits = await Promise.all(ends.map((actor) => actor.exit))
    expect(exits.map(({ reason }) => reason)).toEqual(['normal', 'failed', 'killed'])
    await Promise.all(ends.map((actor) => actor.stop({ timeoutMs: 'brutal_kill' })))
    for (const actor of ends) actor.kill()
    expect(ends.map(({ state }) => state)).toEqual(['stopped', 'failed', 'stopped'])
    expect(await Promise.all(ends.map((actor) => actor.exit))).toEqual(exits)
  })

  it('refuses a time that is none: INVALID_OPTIONS, and the actor goes on', async () => {
    const actor = await open('echo')
    await expect(actor.stop({ timeoutMs: -1 })).rejects.toMatchObject({ code: 'INVALID_OPTIONS' })
    await expect(actor.stop({ timeoutMs: 'soon' as never })).rejects.toMatchObject({ code: 'INVALID_OPTIONS' })
    await actor.send('hi')
    expect([actor.state, await actor.receive()]).toEqual(['running', 'hi'])
  })

  it('is what `await using` does', async () => {
    let exit: Promise<unknown>
    {
      await using actor = await open('echo')
      exit = actor.exit
    }
    expect(await exit).toEqual({ reason: 'shutdown' })
  })

  it('refuses what is sent from then on: CLOSED', async () => {
    const actor = await open('deaf', undefined, { shutdownMs: 'infinity' })
    const stopping = actor.stop()
    await expect(actor.send('too late')).rejects.toMatchObject({ code: 'CLOSED' })
    actor.kill()
    await stopping
    await until(() => actor.state === 'stopped')
    await expect(actor.send('too late')).rejects.toMatchObject({ code: 'CLOSED' })
  })
})
