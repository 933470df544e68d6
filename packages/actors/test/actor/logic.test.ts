import type { Exit } from '@troupe/actors/actor'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { collect, ISOLATIONS, numbers, until } from './open-actor.js'
import { deadLettersOf, openKind, snapshotsOf } from './open-kind.js'

/** What nobody caught here: an error in a machine must not be among that. */
const uncaught: unknown[] = []
const catches = (error: unknown) => void uncaught.push(error)
beforeAll(() => {
  process.on('unhandledRejection', catches)
  process.on('uncaughtException', catches)
})
afterAll(() => {
  process.off('unhandledRejection', catches)
  process.off('uncaughtException', catches)
  expect(uncaught).toEqual([])
})

const failed = (message: string) => ({
  reason: 'failed',
  error: { code: 'ACTOR_FAILED', cause: { name: 'RangeError', message } },
})

describe.each(ISOLATIONS)('a machine as an actor (%s)', (isolation) => {
  const open = (input?: unknown, options = {}) => openKind(isolation, 'job', input, options)

  it('is asked with an event, and answers with the snapshot after it', async () => {
    const actor = await open({ from: 'here' })
    expect(await actor.ask({ type: 'NOTHING' })).toEqual({
      ...{ status: 'active', value: 'idle', tags: ['resting'] },
      context: { steps: 0, from: 'here', unsendable: undefined },
    })
    await actor.send({ type: 'STEP' })
    expect(await actor.ask({ type: 'STEP' })).toMatchObject({ value: 'idle', context: { steps: 2 } })
    expect(await actor.ask({ type: 'WORK' })).toMatchObject({ value: 'working' })
    expect(await actor.ask({ type: 'FINISH' })).toMatchObject({ status: 'done', output: { steps: 2, from: 'here' } })
    expect(await actor.exit).toEqual({ reason: 'normal', output: { steps: 2, from: 'here' } })
    expect(await collect(actor)).toEqual([1, 2].map((steps) => ({ type: 'stepped', steps })))
  })

  it('is sent events alone: what has no type is refused or a dead letter', async () => {
    const actor = await open()
    const dead = deadLettersOf(actor)
    for (const event of [undefined, null, 'STEP', { type: 5 }, {}]) {
      await expect(actor.ask(event)).rejects.toMatchObject({
        ...{ code: 'INVALID_MESSAGE', message: expect.stringContaining('has no type') },
      })
      await actor.send(event)
    }
    await until(() => dead.length === 5)
    expect(dead.at(-2)).toEqual({ path: 'job', reason: 'invalid', message: { type: 5 } })
    expect(actor.state).toBe('running')
  })

  it('is stopped by stop, behind what it was sent, and is a shutdown', async () => {
    const actor = await open()
    const snapshots = snapshotsOf(actor)
    for (const _ of numbers(50)) await actor.send({ type: 'STEP' })
    await actor.stop()
    expect(await actor.exit).toEqual({ reason: 'shutdown' })
    expect((await collect(actor)).length).toBe(50)
    expect(snapshots.at(-1)).toMatchObject({ status: 'stopped', context: { steps: 50 } })
  })

  it('has failed with the cause when an action throws, and who asked gets that', async () => {
    const actor = await open()
    const snapshots = snapshotsOf(actor)
    const asks = await Promise.allSettled([actor.ask({ type: 'BREAK' }), actor.ask({ type: 'STEP' })])
    expect(asks).toMatchObject([{ reason: failed('the machine broke').error }, { status: 'rejected' }])
    expect(await actor.exit).toMatchObject(failed('the machine broke'))
    expect(snapshots.at(-1)).toMatchObject({ status: 'error', error: { message: 'the machine broke' } })
  })

  it('has failed with the cause when what it invoked fails', async () => {
    const actor = await open()
    await actor.send({ type: 'WORK', how: 'fails' })
    expect(await actor.exit).toMatchObject(failed('the promise broke'))
  })

  it('has failed, and nothing else has, when that happens while it lets others have their turn', async () => {
    const actor = await open()
    // It gives the event loop back after 256.
    await Promise.all(numbers(300).map((n) => actor.send({ type: n === 255 ? 'FAIL_AT_ONCE' : 'NOTHING' })))
    expect(await actor.exit).toMatchObject(failed('at once'))
    expect(uncaught).toEqual([])
  })

  it('does not start when it cannot be made', async () => {
    await expect(openKind(isolation, 'stillborn')).rejects.toMatchObject({ cause: { message: 'no context' } })
  })

  it('that is over as soon as it starts has started, and its exit has the output', async () => {
    const actor = await openKind(isolation, 'over')
    expect(await actor.exit).toEqual({ reason: 'normal', output: 'at once' })
  })

  it('has failed when it emits what cannot be sent: ENCODE_FAILED', async () => {
    const actor = await open()
    await actor.send({ type: 'UNSAYABLE' })
    expect(await actor.exit).toMatchObject({ reason: 'failed', error: { code: 'ENCODE_FAILED' } })
    expect(await collect(actor)).toEqual([])
  })

  it('drops what it emits when nobody receives it: a dead letter', async () => {
    const actor = await open(undefined, { pipeLimit: 2 })
    const dead = deadLettersOf(actor)
    for (const _ of numbers(5)) await actor.ask({ type: 'STEP' })
    await until(() => dead.length === 3)
    expect(dead).toEqual(
      [3, 4, 5].map((steps) => ({ path: 'job', reason: 'dropped', message: { type: 'stepped', steps } })),
    )
    expect([await actor.receive(), await actor.receive()]).toMatchObject([{ steps: 1 }, { steps: 2 }])
  })
})

describe.each(ISOLATIONS)('a machine with schemas (%s)', (isolation) => {
  it('has what its schema makes of an event, once, and says what that makes of what it emits', async () => {
    const actor = await openKind(isolation, 'log')
    expect(await actor.ask({ type: 'STEP', by: '5' })).toMatchObject({ context: [{ type: 'STEP', by: 5 }] })
    await actor.send({ type: 'STEP', extra: 1 })
    expect(await actor.ask({ type: 'MISSAY' })).toMatchObject({
      context: [{ by: 5 }, { type: 'STEP', by: 1 }, { type: 'MISSAY' }],
    })
    const machine = await openKind(isolation, 'schemedJob')
    await machine.send({ type: 'STEP' })
    expect(await machine.receive()).toEqual({ type: 'stepped', steps: '1 steps' })
  })

  it('is spared an event that does not fit', async () => {
    const actor = await openKind(isolation, 'schemedJob')
    const dead = deadLettersOf(actor)
    const misfit = { type: 'STEP', by: 5 }
    await expect(actor.ask(misfit)).rejects.toMatchObject({ code: 'INVALID_MESSAGE' })
    const sent = actor.send(misfit).then(String, (error: { code: string }) => error.code)
    expect(await sent).toBe(isolation === 'inline' ? 'INVALID_MESSAGE' : 'undefined')
    expect(await actor.ask({ type: 'STEP' })).toMatchObject({ context: { steps: 1 } })
    expect(dead).toEqual(
      isolation === 'inline' ? [] : [{ path: expect.any(String), reason: 'invalid', message: misfit }],
    )
  })

  it('has failed when it emits what does not fit, and who asked is not told that it went well', async () => {
    const actor = await openKind(isolation, 'schemedJob')
    await expect(actor.ask({ type: 'MISSAY' })).rejects.toMatchObject({ code: 'INVALID_MESSAGE' })
    expect(await actor.exit).toMatchObject({ reason: 'failed', error: { code: 'INVALID_MESSAGE' } })
  })
})

describe.each(ISOLATIONS)('other logic of xstate as an actor (%s)', (isolation) => {
  it('is a transition, whose state is its context', async () => {
    const actor = await openKind(isolation, 'total')
    await actor.send({ type: 'ADD', by: 5 })
    expect(await actor.ask({ type: 'ADD', by: 1 })).toEqual({ status: 'active', context: 16 })
  })

  it('is a promise, which ends with its output or fails', async () => {
    const input = { a: [1] }
    expect(await (await openKind(isolation, 'promised', input)).exit).toEqual({
      reason: 'normal',
      output: { got: input },
    })
    expect(await (await openKind(isolation, 'promised', 'fail')).exit).toMatchObject(failed('not kept'))
  })

  it('is a callback, which receives events and emits', async () => {
    const actor = await openKind(isolation, 'called', 'in')
    await actor.send({ type: 'CALL', n: 1 })
    expect(await actor.receive()).toEqual({ type: 'called', with: { type: 'CALL', n: 1 }, input: 'in' })
    await actor.send({ type: 'BREAK' })
    expect(await actor.exit).toMatchObject(failed('the callback broke'))
  })

  it('is an observable, whose values are the context of its snapshots', async () => {
    const actor = await openKind(isolation, 'observable', [1, 2])
    const snapshots = snapshotsOf(actor)
    expect(((await actor.exit) as Exit).reason).toBe('normal')
    expect(snapshots.at(-1)).toMatchObject({ status: 'done' })
    const breaks = await openKind(isolation, 'observable', [1, 'fail'])
    expect(await breaks.exit).toMatchObject(failed('the observable broke'))
  })
})
