import { writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { ISOLATIONS, newFile, openActor, until } from './open-actor.js'
import { openKind, snapshotsOf } from './open-kind.js'

describe.each(ISOLATIONS)('who subscribes to an actor (%s)', (isolation) => {
  it('has the current snapshot of a machine first, each that follows, and the last', async () => {
    const actor = await openKind(isolation, 'job', { from: 'here' })
    await actor.ask({ type: 'STEP' })
    const snapshots = snapshotsOf(actor)
    await until(() => snapshots.length === 1)
    expect(snapshots[0]).toMatchObject({ status: 'active', value: 'idle', tags: ['resting'], context: { steps: 1 } })
    await actor.ask({ type: 'STEP' })
    await actor.send({ type: 'WORK' })
    await until(() => snapshots.at(-1)?.value === 'worked')
    expect(snapshots.map(({ value }) => value)).toEqual(['idle', 'idle', 'working', 'worked'])
    // One that comes later has the current one alone.
    const late = snapshotsOf(actor)
    await until(() => late.length === 1)
    expect(late).toEqual([snapshots.at(-1)])
    await actor.ask({ type: 'FINISH' })
    await actor.exit
    const last = { status: 'done', value: 'finished', output: { steps: 2, from: 'here' } }
    expect([snapshots.at(-1), late.at(-1), snapshots.length]).toMatchObject([last, last, 5])
    const after = snapshotsOf(actor)
    await until(() => after.length === 1)
    expect(after).toEqual([snapshots.at(-1)])
  })

  it('has no context that cannot be sent from elsewhere', async () => {
    const actor = await openKind(isolation, 'job')
    const snapshots = snapshotsOf(actor)
    await until(() => snapshots.length === 1)
    await actor.send({ type: 'UNSENDABLE' })
    await until(() => snapshots.length === 2)
    expect('context' in snapshots[1]!).toBe(isolation === 'inline')
    await expect(actor.ask({ type: 'NOTHING' })).rejects.toMatchObject({ code: 'ENCODE_FAILED' })
    await actor.stop()
    expect(snapshots.at(-1)).toMatchObject({ status: 'stopped', value: 'idle' })
  })

  it('has the status of a handler and a function, and how they ended', async () => {
    const [handler, running] = [await openKind(isolation, 'desk'), await openActor(isolation, 'doAsTold')]
    const [ofHandler, ofFunction] = [snapshotsOf(handler), snapshotsOf(running)]
    await until(() => ofHandler.length + ofFunction.length === 2)
    await handler.send({ do: 'throw' })
    await running.send('return')
    await Promise.all([handler.exit, running.exit])
    const error = { name: 'ActorFailedError', code: 'ACTOR_FAILED', cause: { name: 'RangeError', message: 'broken' } }
    expect(ofHandler).toMatchObject([{ status: 'active' }, { status: 'error', error }])
    expect(ofFunction).toEqual([{ status: 'active' }, { status: 'done' }])
  })
})

describe('who subscribes', () => {
  it('is told no more when it has ended that, and what it throws is none of the others', async () => {
    const actor = await openKind('inline', 'job')
    const first: unknown[] = []
    actor.subscribe(() => {
      throw new Error('a subscriber that is broken')
    })
    const end = actor.subscribe((snapshot) => first.push(snapshot))
    const second = snapshotsOf(actor)
    await actor.ask({ type: 'STEP' })
    expect([first.length, second.length]).toEqual([2, 2])
    end()
    await actor.ask({ type: 'STEP' })
    actor.kill()
    await actor.exit
    expect([first.length, second.map(({ status }) => status)]).toEqual([2, ['active', 'active', 'active', 'stopped']])
  })

  it('to one that has ended is told how', async () => {
    const gate = newFile()
    writeFileSync(gate, '')
    const actor = await openActor('inline', 'takesLater', gate)
    await actor.stop()
    const snapshots = snapshotsOf(actor)
    await new Promise(setImmediate)
    expect(snapshots).toEqual([{ status: 'stopped' }])
  })
})
