import { ActorExitedError, type ActorOptions } from '@troupe/actors/actor'
import { isAlive } from '@troupe/testing/is-alive'
import { describe, expect, it } from 'vitest'
import { isSettled, numbers, openActor } from './open-actor.js'

/** An actor that has used its pipe, and dies when it is sent something. */
async function openMortal(how: number | string, options: ActorOptions = {}) {
  const actor = await openActor('process', 'dies', how, options)
  expect(await actor.receive()).toBe(actor.pid)
  return actor
}

describe('the process of an actor', () => {
  it('is another than that of its owner, and is gone when it has ended', async () => {
    const actor = await openActor('process', 'echo')
    expect(actor.pid).not.toBe(process.pid)
    expect(isAlive(actor.pid!)).toBe(true)
    await actor.stop()
    expect(isAlive(actor.pid!)).toBe(false)
  })

  it.each(['SIGKILL', 'SIGTERM', 'SIGABRT'] as const)(
    'that dies of %s has failed: ACTOR_EXITED with the signal',
    async (signal) => {
      const actor = await openActor('process', 'echo', undefined, { name: 'Ada' })
      process.kill(actor.pid!, signal)
      const message = `the process of actor Ada was ended by ${signal}`
      const error = { name: 'ActorExitedError', code: 'ACTOR_EXITED', exitCode: null, signal, message }
      const exit = await actor.exit
      expect(exit).toMatchObject({ reason: 'failed', error })
      expect('error' in exit && exit.error).toBeInstanceOf(ActorExitedError)
      expect([actor.state, await actor.receive()]).toEqual(['failed', undefined])
      await expect(actor.send('x')).rejects.toMatchObject({ code: 'CLOSED' })
    },
  )

  it('that cannot be started is ACTOR_EXITED', async () => {
    const starting = openActor('process', 'echo', undefined, { execArgv: ['--no-such-flag'], stdout: 'ignore' })
    await expect(starting).rejects.toMatchObject({ code: 'ACTOR_EXITED', exitCode: 9 })
  })

  it('that hangs up has failed, and takes no files of its owner with it', async () => {
    const actor = await openMortal('hangs up')
    const other = await openActor('process', 'echo')
    await actor.send('now')
    expect(await actor.exit).toMatchObject({ reason: 'failed', error: { code: 'ACTOR_EXITED', exitCode: 1 } })
    // Its pipe is made of such files, and is opened only now.
    await other.send('still here')
    expect(await other.receive()).toBe('still here')
  })

  it('that is stopped by SIGSTOP is killed by stop', async () => {
    const actor = await openActor('process', 'echo', undefined, { shutdownMs: 50 })
    process.kill(actor.pid!, 'SIGSTOP')
    await actor.stop()
    expect(await actor.exit).toEqual({ reason: 'killed' })
  })

  it('does not end at SIGINT', async () => {
    const actor = await openActor('process', 'echo')
    process.kill(actor.pid!, 'SIGINT')
    await actor.send('still here')
    expect(await actor.receive()).toBe('still here')
    expect(await isSettled(actor.exit)).toBe(false)
  })

  it('does not start with arguments that cannot be cloned: ENCODE_FAILED', async () => {
    const starting = openActor('process', 'echo', { run: () => undefined }, { name: 'Ada' })
    const message = expect.stringContaining('the arguments of actor Ada')
    await expect(starting).rejects.toMatchObject({ code: 'ENCODE_FAILED', message })
  })

  it('has its arguments as a structured clone', async () => {
    const ring: { ring?: unknown; at: Date; set: Set<number> } = { at: new Date(0), set: new Set([1]) }
    ring.ring = ring
    const actor = await openActor('process', 'changesArgs', ring)
    expect(await actor.exit).toEqual({ reason: 'normal' })
    expect('changed' in ring).toBe(false)
  })

  it("has the environment of its owner's, and what it was given", async () => {
    const actor = await openActor('process', 'context', undefined, { env: { OF_THE_ACTOR: 'x' } })
    expect(await actor.receive()).toMatchObject({ env: { own: 'x', path: process.env.PATH } })
  })
})

describe('many actors', () => {
  it('1,000 in this thread start, answer and stop', async () => {
    const actors = await Promise.all(numbers(1_000).map(() => openActor('inline', 'echo')))
    await Promise.all(actors.map((actor, n) => actor.send(n)))
    expect(await Promise.all(actors.map((actor) => actor.receive()))).toEqual(numbers(1_000))
    await Promise.all(actors.map((actor) => actor.stop()))
    expect(new Set(actors.map(({ state }) => state))).toEqual(new Set(['stopped']))
  })

  it('5 processes started at once answer, and stop at once', async () => {
    const actors = await Promise.all(numbers(5).map(() => openActor('process', 'echo')))
    await Promise.all(actors.map((actor, n) => actor.send(n)))
    expect(await Promise.all(actors.map((actor) => actor.receive()))).toEqual(numbers(5))
    await Promise.all(actors.map((actor) => actor.stop()))
    expect(await Promise.all(actors.map((actor) => actor.exit))).toEqual(actors.map(() => ({ reason: 'shutdown' })))
    expect(actors.map(({ pid }) => pid!).filter(isAlive)).toEqual([])
  })
})
