import { describe, expect, it } from 'vitest'
import {
  type ChildPhase,
  type ChildRules,
  initialSupervisor,
  type SupervisorEffect,
  type SupervisorEvent,
  type SupervisorState,
  step,
} from '../../dist/supervisor/supervisor.machine.js'
import { failed } from './staged-supervisor.js'

const rules: ChildRules = { restart: 'permanent', backoff: undefined, counts: () => true }
const add = (id: string, changed: Partial<ChildRules> = {}): SupervisorEvent => ({
  type: 'add',
  id,
  rules: { ...rules, ...changed },
})
const told = (type: 'started' | 'not_started' | 'due' | 'remove' | 'removed', id = 'a'): SupervisorEvent => ({
  type,
  id,
})
const ended: SupervisorEvent = { type: 'ended', id: 'a', exit: failed }
const close: SupervisorEvent = { type: 'close' }

/** Tells a new machine these events; returns its state and what the last of them had it do. */
function after(events: readonly SupervisorEvent[], nowMs = 0): [SupervisorState, readonly SupervisorEffect[]] {
  let all: [SupervisorState, readonly SupervisorEffect[]] = [
    initialSupervisor({ strategy: 'one_for_one', intensity: 2, periodMs: 1_000 }),
    [],
  ]
  for (const event of events) all = [...step(all[0], event, { nowMs, random: () => 0 })]
  return all
}

const WAY: Record<ChildPhase, readonly SupervisorEvent[]> = {
  starting: [add('a')],
  running: [add('a'), told('started')],
  waiting: [add('a'), told('started'), ended],
  stopping: [add('a'), told('started'), told('remove')],
}
const [start, stop, wait] = [
  { type: 'start', id: 'a' },
  { type: 'stop', id: 'a' },
  { type: 'wait', id: 'a', delayMs: 0 },
] as const

describe.each<[ChildPhase, Record<string, readonly [ChildPhase | 'gone', ...SupervisorEffect[]]>]>([
  [
    'starting',
    {
      ...{ add: ['starting'], started: ['running'], not_started: ['gone'], ended: ['waiting', wait] },
      ...{ due: ['starting'], remove: ['stopping', stop], removed: ['starting'], close: ['stopping', stop] },
    },
  ],
  [
    'running',
    {
      ...{ add: ['running'], started: ['running'], not_started: ['running'], ended: ['waiting', wait] },
      ...{ due: ['running'], remove: ['stopping', stop], removed: ['running'], close: ['stopping', stop] },
    },
  ],
  [
    'waiting',
    {
      ...{ add: ['waiting'], started: ['waiting'], not_started: ['waiting'], ended: ['waiting'] },
      ...{ due: ['starting', start], remove: ['stopping', stop], removed: ['waiting'], close: ['stopping', stop] },
    },
  ],
  [
    'stopping',
    {
      ...{ add: ['stopping'], started: ['stopping'], not_started: ['gone'], ended: ['stopping'] },
      ...{ due: ['stopping'], remove: ['stopping'], removed: ['gone'], close: ['stopping', stop] },
    },
  ],
])('a child that is %s', (phase, expected) => {
  it.each([
    ...[add('a'), ended, close],
    ...(['started', 'not_started', 'due', 'remove', 'removed'] as const).map((type) => told(type)),
  ])('goes the right way at $type', (event) => {
    const [state, effects] = after([...WAY[phase], event])
    expect([state.children.get('a')?.phase ?? 'gone', ...effects]).toEqual(expected[event.type])
  })
})

describe('the machine of a supervisor', () => {
  it('does nothing at an event of a child that is not there', () => {
    const [state] = after([add('b')])
    for (const event of [
      ended,
      ...(['started', 'not_started', 'due', 'remove', 'removed'] as const).map((t) => told(t)),
    ]) {
      const [next, effects] = step(state, event, { nowMs: 0, random: () => 0 })
      expect(next).toBe(state)
      expect(effects).toEqual([])
    }
  })

  it('starts a child that is added, which was never restarted', () => {
    const [state, effects] = after([add('a')], 7)
    expect(effects).toEqual([start])
    expect(state.children.get('a')).toMatchObject({ phase: 'starting', restarts: 0, streak: 0, sinceMs: 7 })
  })

  it('stops the children in the reverse order of their first start', () => {
    const [, effects] = after([add('a'), add('b'), add('c'), told('started'), ended, told('due'), close])
    expect(effects.map(({ type, id }) => `${type} ${id}`)).toEqual(['stop c', 'stop b', 'stop a'])
  })

  it('forgets a child that is not to be restarted', () => {
    const [state, effects] = after([add('b'), add('a', { restart: 'temporary' }), told('started'), ended])
    expect([[...state.children.keys()], effects, state.window]).toEqual([['b'], [], []])
  })

  it('gives up at one restart too many, with the end that was too many, and lets none start again', () => {
    const again = [ended, told('due'), told('started')]
    const [state, effects] = after([add('b'), add('a'), told('started'), ...again, ...again, ended])
    expect(effects).toEqual([{ type: 'give_up', id: 'a', count: 3, exit: failed }])
    expect([...state.children.values()].map(({ phase }) => phase)).toEqual(['stopping', 'stopping'])
  })

  it('does not count an end that the rules of the child except', () => {
    const again = [ended, told('due'), told('started')]
    const [state, effects] = after([add('a', { counts: () => false }), ...again, ...again, ...again, ended])
    expect([effects, state.window, state.children.get('a')?.restarts]).toEqual([[wait], [], 4])
  })

  it('asks the rule of the child with the end itself, and not for one that is not restarted', () => {
    const asked: unknown[] = []
    const counts = (exit: unknown) => asked.push(exit) > 0
    after([add('a', { restart: 'temporary', counts }), told('started'), ended])
    expect(asked).toEqual([])
    after([add('a', { counts }), told('started'), ended])
    expect(asked).toEqual([failed])
  })

  it('leaves the state that it was given as it was', () => {
    const [state] = after(WAY.running)
    const before = structuredClone([...state.children].map(([id, { phase, restarts }]) => ({ id, phase, restarts })))
    for (const event of [ended, told('remove'), close, add('b')]) step(state, event, { nowMs: 0, random: () => 0 })
    expect([...state.children].map(([id, { phase, restarts }]) => ({ id, phase, restarts }))).toEqual(before)
    expect(state.window).toEqual([])
  })
})
