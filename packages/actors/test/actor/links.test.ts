import type { Actor, Down } from '@troupe/actors/actor'
import { describe, expect, it } from 'vitest'
import { ISOLATIONS, type Isolation, isSettled, openActor } from './open-actor.js'
import { openKind } from './open-kind.js'

/** How an actor that is there already ends. */
const ENDS: Record<Down['reason'] & string, (actor: Actor) => unknown> = {
  normal: (actor) => actor.send('return'),
  failed: (actor) => actor.send('throw'),
  killed: (actor) => actor.kill(),
  shutdown: (actor) => actor.stop(),
  gone: () => undefined,
}
const REASONS = ['normal', 'failed', 'killed', 'shutdown'] as const
const openTarget = (isolation: Isolation) => openActor(isolation, 'doAsTold', undefined, { name: 'target' })
const cause = { name: 'ActorFailedError', code: 'ACTOR_FAILED', cause: { name: 'RangeError', message: 'broken' } }
const downOf = (reason: string) => ({
  ...{ type: 'troupe.down', path: 'target', reason },
  ...(reason === 'failed' && { error: cause }),
})

describe.each(ISOLATIONS)('who monitors an actor (%s)', (isolation) => {
  it('is told once how it ended, each time that it asked, also when that was before', async () => {
    const watcher = await openKind(isolation, 'mirror')
    const targets = await Promise.all(REASONS.map(() => openTarget(isolation)))
    const ends: (() => void)[] = []
    for (const [index, reason] of REASONS.entries()) {
      watcher.monitor(targets[index]!)
      ends.push(watcher.monitor(targets[index]!))
      ends[index]!()
      await ENDS[reason](targets[index]!)
      await targets[index]!.exit
      expect(await watcher.receive()).toMatchObject(downOf(reason))
      watcher.monitor(targets[index]!)
      expect(await watcher.receive()).toMatchObject(downOf(reason))
    }
    await watcher.send('the end')
    expect(await watcher.receive()).toBe('the end')
    expect(watcher.state).toBe('running')
  })

  it('has that as a message if it is a function, and as an event if it is a machine', async () => {
    const [echo, job] = [await openActor(isolation, 'echo'), await openKind(isolation, 'job')]
    const target = await openTarget(isolation)
    for (const watcher of [echo, job]) watcher.monitor(target)
    target.kill()
    expect(await echo.receive()).toEqual(downOf('killed'))
    expect(await job.receive()).toEqual({ type: 'heard', of: downOf('killed') })
  })

  it('and has no use for it has a dead letter', async () => {
    const [watcher, target] = [await openKind(isolation, 'plain'), await openTarget(isolation)]
    const heard = new Promise((resolve) => watcher.onDeadLetter(resolve))
    watcher.monitor(target)
    await target.stop()
    expect(await heard).toMatchObject({ reason: 'unhandled', message: downOf('shutdown') })
  })
})

describe.each(ISOLATIONS)('linked actors (%s)', (isolation) => {
  const open = (trapExit = false) => openKind(isolation, 'mirror', undefined, { trapExit, name: 'other' })

  it('end with each other, unless the end is normal: as shutdown, or as LINK_BROKEN', async () => {
    const pairs = await Promise.all(
      REASONS.map(async (reason) => ({ reason, one: await openTarget(isolation), other: await open() })),
    )
    for (const { reason, one, other } of pairs) {
      one.link(other)
      await ENDS[reason](one)
      await one.exit
    }
    const [normal, failed, killed, shutdown] = pairs.map(({ other }) => other)
    const broken = { code: 'LINK_BROKEN', message: expect.stringContaining('actor other ended with target') }
    expect(await failed!.exit).toMatchObject({ reason: 'failed', error: { ...broken, cause } })
    expect(await killed!.exit).toMatchObject({ reason: 'failed', error: broken })
    expect(await shutdown!.exit).toEqual({ reason: 'shutdown' })
    expect([await isSettled(normal!.exit), await normal!.ask('here')]).toEqual([false, 'here'])
  })

  it('that trap exits are told instead, of a normal end too', async () => {
    const other = await open(true)
    for (const reason of REASONS) {
      const one = await openTarget(isolation)
      other.link(one)
      await ENDS[reason](one)
      expect(await other.receive()).toMatchObject({ ...downOf(reason), type: 'troupe.exit' })
    }
    expect(other.state).toBe('running')
  })
})

describe('a link', () => {
  const open = (options = {}) => openKind('inline', 'mirror', undefined, options)

  it('to an actor that has ended is broken at once, as gone', async () => {
    const target = await openTarget('inline')
    await target.stop()
    const [one, traps] = [await open(), await open({ trapExit: true })]
    one.link(target)
    traps.link(target)
    expect(await traps.receive()).toEqual({ type: 'troupe.exit', path: 'target', reason: 'gone' })
    expect(await one.exit).toMatchObject({ error: { code: 'LINK_BROKEN', message: expect.stringContaining('gone') } })
  })

  it('takes all of a ring with it, whichever way it is gone round', async () => {
    const ring = await Promise.all(['a', 'b', 'c'].map((name) => open({ name })))
    for (const [index, actor] of ring.entries()) actor.link(ring[(index + 1) % 3]!)
    ring[1]!.kill()
    const exits = await Promise.all(ring.map((actor) => actor.exit))
    const broken = { reason: 'failed', error: { code: 'LINK_BROKEN' } }
    expect(exits).toMatchObject([broken, { reason: 'killed' }, broken])
  })

  it('is none any more when it was ended', async () => {
    const [one, other] = [await open(), await open()]
    const unlink = one.link(other)
    unlink()
    other.kill()
    await other.exit
    expect([await isSettled(one.exit), await one.ask(1)]).toEqual([false, 1])
  })
})
