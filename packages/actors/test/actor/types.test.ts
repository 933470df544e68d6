import { Actor, type ActorContext, type ActorFunction, type Exit, type Pipe } from '@troupe/actors/actor'
import type { TroupeError } from '@troupe/core'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { ACTORS } from './open-actor.js'

describe('the types of an actor', () => {
  it('do not let a closure go to a process', async () => {
    // @ts-expect-error: code for a process is named by module and export
    const starting = Actor.start(async (_pipe: Pipe) => undefined, undefined, { isolation: 'process' })
    await expect(starting).rejects.toMatchObject({ code: 'INVALID_OPTIONS' })
  })

  it('let no option of a process go with a closure', async () => {
    // @ts-expect-error: env is for a process
    await using actor = await Actor.start(async (_pipe: Pipe) => undefined, undefined, { env: {} })
    expectTypeOf(actor).toEqualTypeOf<Actor>()
    expect(actor.pid).toBeUndefined()
  })

  it('tie the arguments to the function', async () => {
    const run = (_pipe: Pipe, args: { from: number }, { signal }: ActorContext) => {
      expectTypeOf(signal).toEqualTypeOf<AbortSignal>()
      expect(typeof args.from).toBe('number')
    }
    await using actor = await Actor.start(run, { from: 7 })
    expect(await actor.exit).toEqual({ reason: 'normal' })
    // @ts-expect-error: from is a number
    const starting = Actor.start(run, { from: 'x' })
    await expect(starting).rejects.toMatchObject({ code: 'ACTOR_FAILED' })
  })

  it('refuse options that there are not', async () => {
    // @ts-expect-error: it is shutdownMs
    const starting = Actor.start({ module: ACTORS, export: 'echo' }, undefined, { shutdown: 1 })
    await expect(starting).rejects.toMatchObject({ code: 'INVALID_OPTIONS' })
  })

  it('name the reasons of an exit, and an error where there is one', () => {
    expectTypeOf<Exit['reason']>().toEqualTypeOf<'normal' | 'shutdown' | 'killed' | 'failed'>()
    expectTypeOf<Extract<Exit, { reason: 'failed' }>['error']>().toEqualTypeOf<TroupeError>()
    expectTypeOf<ActorFunction>().parameter(0).toEqualTypeOf<Pipe>()
    const failed = (exit: Exit) => (exit.reason === 'failed' ? exit.error.code : exit.reason)
    expect(failed({ reason: 'killed' })).toBe('killed')
  })
})
