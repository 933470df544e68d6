import { writeFileSync } from 'node:fs'
import { ActorFailedError, type Exit } from '@troupe/actors/actor'
import { TroupeError } from '@troupe/core'
import { describe, expect, it } from 'vitest'
import { collect, ISOLATIONS, isSettled, newFile, numbers, openActor } from './open-actor.js'

describe.each(ISOLATIONS)('the exit of an actor (%s)', (isolation) => {
  it('is not there while it runs', async () => {
    const actor = await openActor(isolation, 'echo')
    await actor.send(1)
    await actor.receive()
    expect(await isSettled(actor.exit)).toBe(false)
  })

  it('is normal when it returns by itself', async () => {
    const actor = await openActor(isolation, 'doAsTold')
    await actor.send('return')
    expect(await actor.exit).toEqual({ reason: 'normal' })
    expect(actor.state).toBe('stopped')
  })

  it('is failed with the cause when it throws, ends the receives that wait, and refuses sends: CLOSED', async () => {
    const actor = await openActor(isolation, 'doAsTold')
    const receiving = [actor.receive(), actor.receive({ timeoutMs: 10_000 })]
    await actor.send('throw')
    expect(await Promise.all(receiving)).toEqual([undefined, undefined])
    const exit = (await actor.exit) as Extract<Exit, { reason: 'failed' }>
    expect(exit.error).toBeInstanceOf(ActorFailedError)
    expect(exit).toMatchObject({
      reason: 'failed',
      error: { code: 'ACTOR_FAILED', cause: { name: 'RangeError', message: 'broken' } },
    })
    expect(actor.state).toBe('failed')
    await expect(actor.send('x')).rejects.toMatchObject({ code: 'CLOSED' })
    await expect(actor.send('x')).rejects.toBeInstanceOf(TroupeError)
  })

  it('is failed when it throws an abort that nobody asked for', async () => {
    const actor = await openActor(isolation, 'doAsTold')
    await actor.send('throw an abort')
    expect(await actor.exit).toMatchObject({ reason: 'failed', error: { cause: { name: 'AbortError' } } })
  })

  it('is killed when it was, without being asked', async () => {
    const actor = await openActor(isolation, 'doAsTold')
    await actor.send('wait')
    actor.kill()
    actor.kill()
    expect(await actor.exit).toEqual({ reason: 'killed' })
    expect(actor.state).toBe('stopped')
  })

  it('leaves what it had sent to be received, then undefined, and its loop ends', async () => {
    const actor = await openActor(isolation, 'counts', 100)
    await actor.exit
    expect(await actor.receive()).toBe(0)
    expect(await collect(actor)).toEqual(numbers(100).slice(1))
    expect(await actor.receive()).toBeUndefined()
    expect(await actor.receive({ timeoutMs: 1_000 })).toBeUndefined()
    expect(await collect(actor)).toEqual([])
  })

  it('leaves what it had sent also when it throws', async () => {
    const actor = await openActor(isolation, 'doAsTold')
    await actor.send('send, throw')
    expect(await actor.exit).toMatchObject({ reason: 'failed', error: { cause: { message: 'after the last' } } })
    expect(await collect(actor)).toEqual(numbers(20))
  })

  it.each([2, 1_000])(
    'leaves what it had sent also when it did not wait for room in its pipe of %i',
    async (pipeLimit) => {
      const actor = await openActor(isolation, 'sendsUnawaited', { count: 100, bytes: 100_000 }, { pipeLimit })
      await actor.exit
      const got = (await collect(actor)) as [number, Uint8Array][]
      expect(got.map(([n]) => n)).toEqual(numbers(100))
    },
  )

  it('by a kill refuses the sends that wait for room: CLOSED', async () => {
    const actor = await openActor(isolation, 'takesLater', newFile(), { pipeLimit: 1 })
    const message = new Uint8Array(1_000_000)
    const sends = Promise.allSettled(numbers(40).map(() => actor.send(message)))
    expect(await isSettled(sends)).toBe(false)
    actor.kill()
    const refused = (await sends).filter(({ status }) => status === 'rejected')
    expect(refused.length).toBeGreaterThan(0)
    for (const { reason } of refused as PromiseRejectedResult[]) expect(reason).toMatchObject({ code: 'CLOSED' })
  })

  it('comes though nobody takes what it had sent', async () => {
    const gate = newFile()
    const actor = await openActor(isolation, 'takesLater', gate)
    for (const n of numbers(500)) await actor.send(n)
    writeFileSync(gate, '')
    await actor.stop()
    expect(await actor.exit).toEqual({ reason: 'shutdown' })
    expect(await collect(actor)).toEqual(numbers(500))
  })
})
