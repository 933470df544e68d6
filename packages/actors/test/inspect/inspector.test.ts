/**
 * xstate's own inspection of what runs in a tree, by the option `inspect`; the Stately inspector attaches by it.
 */

import { createInspector, type StatelyInspectionEvent } from '@statelyai/inspect'
import { Actor } from '@troupe/actors/actor'
import { Supervisor } from '@troupe/actors/supervisor'
import { describe, expect, it, vi } from 'vitest'
import type { InspectionEvent } from 'xstate'
import { at, ISOLATIONS, machine, openTree, until } from './open-tree.js'

type Ref = InspectionEvent['actorRef'] & { readonly id: string; readonly _parent?: Ref }
const nameOf = ({ actorRef }: InspectionEvent) => (actorRef as Ref).id
const isShown = ({ type }: InspectionEvent) => ['@xstate.actor', '@xstate.event', '@xstate.snapshot'].includes(type)

/** An inspector that keeps what it is told. */
function keeper() {
  const all: InspectionEvent[] = []
  /** What it is told of one, by its id; `TYPE event state`. */
  const of = (id: string) =>
    all
      .filter((event) => nameOf(event) === id && isShown(event))
      .map((one) => {
        const event = 'event' in one ? ` ${one.event.type}` : ''
        const state = one.type === '@xstate.snapshot' ? ` ${(one.snapshot as { value?: string }).value}` : ''
        return `${one.type}${event}${state}`
      })
  return { all, of, inspect: (event: InspectionEvent) => void all.push(event) }
}

describe.each(ISOLATIONS)('the inspection of a machine (%s)', (isolation) => {
  it('begins with its actor, and tells its events and snapshots', async () => {
    const { all, of, inspect } = keeper()
    const tree = await openTree([machine('door', 'door', { isolation })], { inspect })
    await at(tree, 'root/door').ask({ type: 'OPEN' })
    await at(tree, 'root/door').ask({ type: 'CLOSE' })
    await until(() => of('root/door').length >= 7)
    expect(of('root/door')).toEqual([
      '@xstate.actor',
      '@xstate.event xstate.init',
      '@xstate.snapshot xstate.init closed',
      '@xstate.event OPEN',
      '@xstate.snapshot OPEN open',
      '@xstate.event CLOSE',
      '@xstate.snapshot CLOSE closed',
    ])
    const { actorRef, rootId } = all.find((event) => nameOf(event) === 'root/door')!
    expect([rootId, actorRef.getSnapshot()]).toMatchObject([
      actorRef.sessionId,
      { value: 'closed', context: { opened: 1 } },
    ])
    expect(all.filter((event) => event.actorRef.sessionId === actorRef.sessionId).length).toBeGreaterThanOrEqual(7)
  })

  it('tells each actor that it starts before anything of it, as a child of its own, until the last snapshot', async () => {
    const { all, of, inspect } = keeper()
    const tree = await openTree([machine('house', 'house', { isolation })], { inspect })
    for (const type of ['UNLOCK', 'LOCK']) await at(tree, 'root/house').ask({ type })
    await until(() => of('front').length >= 4)
    expect(of('front')).toEqual([
      '@xstate.actor',
      '@xstate.event xstate.init',
      '@xstate.snapshot xstate.init closed',
      '@xstate.snapshot xstate.stop closed',
    ])
    const ref = all.find((event) => nameOf(event) === 'front')?.actorRef as Ref
    expect(ref._parent?.id).toBe('root/house')
    expect(all.find((event) => nameOf(event) === 'front')?.rootId).toBe(ref._parent?.sessionId)
  })

  it('is of one actor alone, by its own option', async () => {
    const { all, of, inspect } = keeper()
    const tree = await openTree([machine('door', 'door', { isolation, inspect }), machine('other', 'door')])
    await at(tree, 'root/door').ask({ type: 'OPEN' })
    await at(tree, 'root/other').ask({ type: 'OPEN' })
    await until(() => of('root/door').length >= 5)
    expect(of('lifecycle of root/door').slice(0, 2)).toEqual(['@xstate.actor', '@xstate.event start'])
    expect(all.filter((event) => /root\/other|root$/.test(nameOf(event)))).toEqual([])
  })

  it('is not the end of a machine whose context cannot be sent, or read', async () => {
    const { of, inspect } = keeper()
    const tree = await openTree([machine('odd', 'odd', { isolation })], { inspect })
    for (const type of ['GO', 'SPOIL', 'GO', 'GO']) await at(tree, 'root/odd').send({ type })
    await until(() => of('root/odd').filter((line) => line === '@xstate.event GO').length === 3)
    // Nor is an event lost by it.
    expect([tree.children()[0]?.restarts, tree.deadLetters]).toEqual([0, 0])
  })
})

it('what is told of a machine elsewhere is plain: functions by their names, what cannot be sent as text', async () => {
  const { all, inspect } = keeper()
  const tree = await openTree([machine('odd', 'odd', { isolation: 'process' })], { inspect })
  await at(tree, 'root/odd').send({ type: 'GO' })
  await until(() => all.some((one) => one.type === '@xstate.snapshot' && nameOf(one) === 'root/odd'))
  const { actorRef } = all.find((event) => nameOf(event) === 'root/odd')!
  const { context } = actorRef.getSnapshot() as { context: object }
  expect(context).toMatchObject({ call: { type: 'never' }, big: '2', sign: 'Symbol(sign)', at: { a: 1 }, list: [1] })
  expect(context).toMatchObject({ failed: { name: 'RangeError', message: 'no' }, round: { inner: '...' } })
  // It runs elsewhere, and is only shown.
  expect(() => actorRef.send({ type: 'GO' })).toThrow(expect.objectContaining({ code: 'NO_ACTOR' }))
})

it('a supervisor in a tree has an inspector of its own, for all that is under it and nothing else', async () => {
  const { all, inspect } = keeper()
  const inner = () => Supervisor.start({ inspect, children: [machine('door', 'door')] })
  const tree = await openTree([{ id: 'inner', start: inner }, machine('inner-2', 'door')])
  const { all: ofTree, inspect: inspectTree } = keeper()
  await tree.startChild({ id: 'late', start: () => Supervisor.start({ inspect: { next: inspectTree } }) })
  await at(tree, 'root/inner/door').ask({ type: 'OPEN' })
  const names = (events: InspectionEvent[]) =>
    [...new Set(events.filter(({ type }) => type === '@xstate.actor').map(nameOf))].filter(
      (name) => !/^0|light/.test(name),
    )
  expect(names(all)).toEqual(['lifecycle of root/inner', 'lifecycle of root/inner/door', 'root/inner/door'])
  expect(names(ofTree)).toEqual(['lifecycle of root/late'])
  await tree.stop()
  expect(all.filter((event) => nameOf(event) === 'lifecycle of root/inner').at(-1)).toMatchObject({
    type: '@xstate.snapshot',
    snapshot: { value: 'stopped' },
  })
})

it('an actor that is in no tree is inspected by its option, and goes on when its inspector throws', async () => {
  const error = vi.fn()
  const log = { error, warn: vi.fn(), info: vi.fn(), debug: vi.fn(), child: () => log } as never
  const inspect = vi.fn(() => {
    throw new Error('mine')
  })
  const says = (pipe: { send(message: unknown): Promise<void> }) => pipe.send('hello')
  await using actor = await Actor.start(says, undefined, { name: 'says', inspect, log })
  expect(await actor.receive()).toBe('hello')
  expect(inspect).toHaveBeenCalled()
  expect(error).toHaveBeenCalledWith({ err: expect.objectContaining({ message: 'mine' }) }, expect.any(String))
})

it.each([null, 1, {}, { error: () => undefined }])('what is no inspector is refused: %j', async (inspect) => {
  const refused = { code: 'INVALID_OPTIONS' }
  await expect(Supervisor.start({ inspect: inspect as never })).rejects.toMatchObject(refused)
  await expect(Actor.start(() => undefined, undefined, { inspect: inspect as never })).rejects.toMatchObject(refused)
})

describe('the Stately inspector', () => {
  it.each(ISOLATIONS)(
    'is told of a machine, with what it is made of, its events and its snapshots (%s)',
    async (isolation) => {
      const told: StatelyInspectionEvent[] = []
      // What it sends on is sent as JSON.
      const inspector = createInspector({ send: (event) => void told.push(JSON.parse(JSON.stringify(event))) })
      const tree = await openTree([machine('door', 'door', { isolation })], { inspect: inspector.inspect })
      await at(tree, 'root/door').ask({ type: 'OPEN' })
      const actors = () => told.flatMap((event) => (event.type === '@xstate.actor' ? [event] : []))
      const door = () => actors().find(({ name }) => name === 'root/door')
      const ofDoor = () => told.filter(({ sessionId }) => sessionId === door()?.sessionId)
      await until(() => ofDoor().length >= 5)
      expect(JSON.parse(door()?.definition ?? '')).toMatchObject({
        id: 'door',
        states: { open: { on: { CLOSE: 'closed' } } },
      })
      expect(ofDoor()).toMatchObject([
        { type: '@xstate.actor', rootId: door()?.sessionId, snapshot: { status: 'active' } },
        { type: '@xstate.event', event: { type: 'xstate.init' } },
        { type: '@xstate.snapshot', snapshot: { value: 'closed', context: { opened: 0 } } },
        { type: '@xstate.event', event: { type: 'OPEN' } },
        { type: '@xstate.snapshot', event: { type: 'OPEN' }, snapshot: { value: 'open', context: { opened: 1 } } },
      ])
      expect(actors().find(({ name }) => name === 'light')?.parentId).toBe(door()?.sessionId)
      const lifecycle = actors().find(({ name }) => name === 'lifecycle of root/door')
      expect(JSON.parse(lifecycle?.definition ?? '')).toMatchObject({ id: 'lifecycle', initial: 'idle' })
      // No two of different threads are taken for one.
      expect(new Set(actors().map(({ sessionId }) => sessionId)).size).toBe(actors().length)
    },
  )
})
