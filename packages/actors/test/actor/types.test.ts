import {
  Actor,
  type ActorContext,
  type ActorFunction,
  type ActorOf,
  type ActorSnapshot,
  type ArgsOf,
  type Exit,
  handler,
  type MessageOf,
  type ModuleExport,
  type Pipe,
  type ReplyOf,
  type SaidOf,
  withSchemas,
} from '@troupe/actors/actor'
import type { TroupeError } from '@troupe/core'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { emit, fromPromise, setup } from 'xstate'
import { z } from 'zod'
import { ACTORS } from './open-actor.js'

const counter = handler({
  message: z.object({ add: z.string().transform(Number) }),
  reply: z.number(),
  init: (from: number) => ({ count: from }),
  receive: ({ add }, { state }) => {
    expectTypeOf(add).toEqualTypeOf<number>()
    state.count += add
    return Promise.resolve(state.count)
  },
})
const untyped = handler({ receive: (message: { text: string }) => message.text.length })
const lamp = setup({
  types: {
    events: {} as { type: 'PRESS' } | { type: 'DIM'; to: number },
    emitted: {} as { type: 'lit' },
    input: {} as { from: string },
  },
}).createMachine({ on: { PRESS: { actions: emit({ type: 'lit' }) } } })
const promise = fromPromise(async () => 1)
const schemed = withSchemas(lamp, {
  events: z.object({ type: z.literal('DIM'), to: z.string().transform(Number) }),
  emits: z.object({ type: z.literal('lit'), at: z.string().transform(Number) }),
})

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

  it('are those of its code: a handler is sent z.input, answers what receive resolves with, and has its args', async () => {
    await using actor: ActorOf<typeof counter> = await Actor.start(counter, 1)
    expectTypeOf<MessageOf<typeof counter>>().toEqualTypeOf<{ add: string }>()
    expectTypeOf(actor.send).parameter(0).toEqualTypeOf<{ add: string }>()
    expectTypeOf<ReplyOf<typeof counter>>().toEqualTypeOf<number>()
    expectTypeOf<ArgsOf<typeof counter>>().toEqualTypeOf<number>()
    const reply = await actor.ask({ add: '2' })
    expectTypeOf(reply).toEqualTypeOf<number>()
    expect(reply).toBe(3)
    // @ts-expect-error: add is a text
    await expect(actor.send({ add: 2 })).rejects.toMatchObject({ code: 'INVALID_MESSAGE' })
    expectTypeOf<MessageOf<typeof untyped>>().toEqualTypeOf<{ text: string }>()
    expectTypeOf<ReplyOf<typeof untyped>>().toEqualTypeOf<number>()
  })

  it('are those of its code: a machine is sent its events, says what it emits, and answers with snapshots', async () => {
    await using actor = await Actor.start(lamp, { from: 'here' })
    expectTypeOf(actor).toEqualTypeOf<ActorOf<typeof lamp>>()
    expectTypeOf(actor.send).parameter(0).toEqualTypeOf<{ type: 'PRESS' } | { type: 'DIM'; to: number }>()
    await actor.send({ type: 'PRESS' })
    const said = await actor.receive()
    expectTypeOf(said).toEqualTypeOf<{ type: 'lit' } | undefined>()
    expect(said).toEqual({ type: 'lit' })
    expectTypeOf(await actor.ask({ type: 'DIM', to: 1 })).toEqualTypeOf<ActorSnapshot>()
    expectTypeOf<ArgsOf<typeof lamp>>().toEqualTypeOf<{ from: string }>()
    expectTypeOf<MessageOf<typeof schemed>>().toEqualTypeOf<{ type: 'DIM'; to: string }>()
    expectTypeOf<SaidOf<typeof schemed>>().toEqualTypeOf<{ type: 'lit'; at: number }>()
    expectTypeOf<ReplyOf<typeof schemed>>().toEqualTypeOf<ActorSnapshot>()
  })

  it('come with the name of code too: ModuleExport of its type', () => {
    const code: ModuleExport<typeof counter> = { module: ACTORS, export: 'counter' }
    const start = () => Actor.start(code, 5, { isolation: 'process', hangMs: 100 })
    expectTypeOf(start).returns.resolves.toEqualTypeOf<ActorOf<typeof counter>>()
    // @ts-expect-error: it starts from a number
    const wrong = () => Actor.start(code, 'five')
    const unknown = () => Actor.start({ module: ACTORS, export: 'echo' }, 'anything')
    expectTypeOf(unknown).returns.resolves.toEqualTypeOf<Actor>()
    expect(typeof wrong).toBe('function')
  })

  it.each(['thread', 'process'] as const)(
    'let neither a handler nor a machine go to a %s by itself',
    async (isolation) => {
      const starts = [
        // @ts-expect-error: a handler for elsewhere is named
        Actor.start(counter, 1, { isolation }),
        // @ts-expect-error: a machine for elsewhere is named
        Actor.start(lamp, { from: '' }, { isolation }),
        // @ts-expect-error: logic for elsewhere is named
        Actor.start(schemed, { from: '' }, { isolation }),
        // @ts-expect-error: logic for elsewhere is named
        Actor.start(promise, undefined, { isolation }),
      ]
      const reason = { code: 'INVALID_OPTIONS', issues: [{ path: 'isolation' }] }
      expect(await Promise.allSettled(starts)).toMatchObject(starts.map(() => ({ reason })))
    },
  )

  it('let no limit go with code of this thread that only a thread or process has', async () => {
    // @ts-expect-error: hangMs is for a thread or process
    await expect(Actor.start(counter, 1, { hangMs: 5 })).rejects.toMatchObject({ issues: [{ path: 'hangMs' }] })
  })
})
