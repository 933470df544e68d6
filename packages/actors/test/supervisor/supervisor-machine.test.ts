import { type ChildPhase, childMachine } from '@troupe/actors/supervisor'
import { describe, expect, it } from 'vitest'
import { getShortestPaths } from 'xstate/graph'
import type { ChildRules } from '../../dist/supervisor/child-record.js'
import type { SupervisorEffect } from '../../dist/supervisor/supervisor-effect.js'
import { SupervisorEngine } from '../../dist/supervisor/supervisor-engine.js'
import type { SupervisorEvent } from '../../dist/supervisor/supervisor-event.js'
import type { SupervisorRules } from '../../dist/supervisor/supervisor-rules.js'
import { CRASH, failed } from './staged-supervisor.js'

const childRules: ChildRules = { restart: 'permanent', significant: false, backoff: undefined, counts: () => true }
const rules: SupervisorRules = { strategy: 'one_for_one', intensity: 2, periodMs: 1_000, autoShutdown: 'never' }
const SLOW = { minMs: 10, maxMs: 10, factor: 1, jitter: 0 }

const add = (id: string, changed: Partial<ChildRules> = {}): SupervisorEvent => ({
  ...{ type: 'add', id, request: 1 },
  rules: { ...childRules, ...changed },
})
const told = (type: 'started' | 'ignored' | 'has_stopped' | 'due', id = 'a'): SupervisorEvent => ({ type, id })
const asked = (type: 'terminate' | 'restart' | 'delete', id = 'a'): SupervisorEvent => ({ type, id, request: 2 })
const ended: SupervisorEvent = { type: 'ended', id: 'a', exit: failed }
const startFailed: SupervisorEvent = { type: 'start_failed', id: 'a', error: CRASH }
const close: SupervisorEvent = { type: 'close' }

/** Tells a new engine these events; returns it and what the last of them had it do, in short. */
function after(events: readonly SupervisorEvent[], changed: Partial<SupervisorRules> = {}) {
  const engine = new SupervisorEngine({ ...rules, ...changed })
  engine.take({ type: 'opened' }, { nowMs: 0, random: () => 0 })
  let effects: readonly SupervisorEffect[] = []
  for (const event of events) effects = engine.take(event, { nowMs: 0, random: () => 0 })
  return { engine, effects, does: effects.map(inShort) }
}

function inShort(effect: SupervisorEffect): string {
  if (effect.type === 'refused') return effect.refusal.code
  return 'id' in effect ? `${effect.type} ${effect.id}` : effect.type
}

const STARTED = [add('a', { backoff: SLOW }), told('started')]
const WAY: Record<ChildPhase, readonly SupervisorEvent[]> = {
  starting: [...STARTED, ended, told('due')],
  running: STARTED,
  waiting: [...STARTED, ended],
  stopping: [...STARTED, asked('terminate')],
  stopped: [...STARTED, asked('terminate'), told('has_stopped')],
}

describe.each<[ChildPhase, Record<string, readonly string[]>]>([
  [
    'starting',
    {
      ...{
        add: ['starting', 'CHILD_EXISTS'],
        started: ['running', 'started a'],
        ignored: ['stopped'],
        due: ['starting'],
      },
      ...{ start_failed: ['waiting', 'restart_failed a', 'restarting a', 'wait a'], ended: ['starting'] },
      ...{ terminate: ['stopping', 'stop a'], restart: ['starting', 'CHILD_RESTARTING'] },
      ...{ delete: ['starting', 'CHILD_RESTARTING'], has_stopped: ['starting'], close: ['stopping', 'stop_all'] },
    },
  ],
  [
    'running',
    {
      ...{ add: ['running', 'CHILD_EXISTS'], started: ['running'], ignored: ['running'], due: ['running'] },
      ...{ start_failed: ['running'], ended: ['waiting', 'restarting a', 'wait a'], terminate: ['stopping', 'stop a'] },
      ...{ restart: ['running', 'CHILD_RUNNING'], delete: ['running', 'CHILD_RUNNING'], has_stopped: ['running'] },
      ...{ close: ['stopping', 'stop_all'] },
    },
  ],
  [
    'waiting',
    {
      ...{ add: ['waiting', 'CHILD_EXISTS'], started: ['waiting'], ignored: ['waiting'], due: ['starting', 'start a'] },
      ...{ start_failed: ['waiting'], ended: ['waiting'], terminate: ['stopped', 'cancel a', 'done a'] },
      ...{
        restart: ['waiting', 'CHILD_RESTARTING'],
        delete: ['waiting', 'CHILD_RESTARTING'],
        has_stopped: ['waiting'],
      },
      ...{ close: ['gone', 'cancel a', 'forget a', 'stop_all'] },
    },
  ],
  [
    'stopping',
    {
      ...{ add: ['stopping', 'CHILD_EXISTS'], started: ['stopping'], ignored: ['stopping'], due: ['stopping'] },
      ...{ start_failed: ['stopping'], ended: ['stopping'], terminate: ['stopping'], restart: ['stopping'] },
      ...{ delete: ['stopping'], has_stopped: ['stopped', 'done a'], close: ['stopping', 'stop_all'] },
    },
  ],
  [
    'stopped',
    {
      ...{ add: ['stopped', 'CHILD_EXISTS'], started: ['stopped'], ignored: ['stopped'], due: ['stopped'] },
      ...{ start_failed: ['stopped'], ended: ['stopped'], terminate: ['stopped', 'done a'] },
      ...{ restart: ['starting', 'start a'], delete: ['gone', 'forget a', 'done a'], has_stopped: ['stopped'] },
      ...{ close: ['gone', 'forget a', 'stop_all'] },
    },
  ],
])('a child that is %s', (phase, expected) => {
  it.each([
    ...[add('a'), ended, startFailed, close],
    ...(['started', 'ignored', 'has_stopped', 'due'] as const).map((type) => told(type)),
    ...(['terminate', 'restart', 'delete'] as const).map((type) => asked(type)),
  ])('goes the right way at $type', (event) => {
    const { engine, does } = after([...WAY[phase], event])
    expect([engine.children.get('a')?.phase ?? 'gone', ...does]).toEqual(expected[event.type])
  })
})

describe('the machine of a child', () => {
  it('reaches every phase that a child may be in, and no other', () => {
    const paths = getShortestPaths(childMachine)
    expect(paths.map(({ state }) => state.value).sort()).toEqual(Object.keys(WAY).sort())
  })
})

describe('the engine of a supervisor', () => {
  it('does nothing at an event of a child that is not there, and refuses what is asked of it', () => {
    for (const event of [ended, startFailed, told('started'), told('ignored'), told('has_stopped'), told('due')]) {
      expect(after([add('b'), event]).does).toEqual([])
    }
    for (const type of ['terminate', 'restart', 'delete'] as const) {
      expect(after([add('b'), asked(type)]).does).toEqual(['UNKNOWN_CHILD'])
    }
  })

  it('starts a child that is added, which was never restarted', () => {
    const { engine, effects } = after([add('a')])
    expect(effects).toEqual([
      { type: 'added', id: 'a', request: 1 },
      { type: 'start', id: 'a', restarts: 0 },
    ])
    expect(engine.children.get('a')).toMatchObject({ phase: 'starting', restarts: 0, streak: 0 })
  })

  it('restarts without a backoff at once, and tries again by a timer', () => {
    const { effects } = after([add('a'), told('started'), ended])
    expect(effects).toEqual([
      { type: 'restarting', id: 'a', delayMs: 0 },
      { type: 'start', id: 'a', restarts: 1 },
    ])
    expect(after([add('a'), told('started'), ended, startFailed]).effects).toEqual([
      { type: 'restart_failed', id: 'a', error: CRASH },
      { type: 'wait', id: 'a', delayMs: 0 },
    ])
  })

  it('lets the event loop have its turn when a child keeps ending in no time', () => {
    const crash = Array.from({ length: 99 }, () => [ended, told('started')]).flat()
    const { does, engine } = after([add('a'), told('started'), ...crash, ended], { intensity: 1_000 })
    expect(does).toEqual(['restarting a', 'wait a'])
    engine.take(told('due'), { nowMs: 1, random: () => 0 })
    engine.take(told('started'), { nowMs: 1, random: () => 0 })
    expect(engine.take(ended, { nowMs: 1, random: () => 0 }).map(inShort)).toEqual(['restarting a', 'start a'])
  })

  it('stops the children in the reverse order of their first start', () => {
    const { effects } = after([add('a'), add('b'), add('c'), told('started'), ended, close])
    expect(effects).toEqual([{ type: 'stop_all', ids: ['c', 'b', 'a'] }])
  })

  it('forgets a temporary child that has ended', () => {
    const { engine, does } = after([add('b'), add('a', { restart: 'temporary' }), told('started'), ended])
    expect([[...engine.children.keys()], does]).toEqual([['b'], ['forget a']])
  })

  it('gives up at one restart too many, with the end that was too many, and lets none start again', () => {
    const again = [ended, told('started')]
    const { engine, effects } = after([add('b'), add('a'), told('started'), ...again, ...again, ended])
    expect(effects).toEqual([{ type: 'give_up', id: 'a', count: 3, exit: failed }])
    expect([...engine.children.values()].map(({ phase }) => phase)).toEqual(['stopping', 'stopping'])
    expect(engine.take(asked('restart'), { nowMs: 0, random: () => 0 }).map(inShort)).toEqual(['CLOSED'])
  })

  it('counts a failed restart when it tries again, as OTP does: a stop comes before', () => {
    const failing = [add('a'), told('started'), ended, startFailed]
    expect(after([...failing, told('due')], { intensity: 1 }).does).toEqual(['give_up a', 'cancel a'])
    expect(after([...failing, asked('terminate')], { intensity: 1 }).does).toEqual(['cancel a', 'done a'])
  })

  it('counts a failed restart before the delay of its backoff, if that is longer than nothing', () => {
    const failing = [add('a', { backoff: SLOW }), told('started'), ended, told('due'), startFailed]
    expect(after(failing, { intensity: 1 }).does).toEqual(['restart_failed a', 'give_up a'])
  })

  it('does not count an end that the rules of the child except', () => {
    const again = [ended, told('started')]
    const { engine } = after([add('a', { counts: () => false }), told('started'), ...again, ...again, ...again, ended])
    expect(engine.children.get('a')).toMatchObject({ phase: 'starting', restarts: 4 })
  })

  it('asks the rule of the child with the end itself, and not for one that is not restarted', () => {
    const seen: unknown[] = []
    const counts = (exit: unknown) => seen.push(exit) > 0
    after([add('a', { restart: 'temporary', counts }), told('started'), ended])
    expect(seen).toEqual([])
    after([add('a', { counts }), told('started'), ended])
    expect(seen).toEqual([failed])
  })

  it('does what is asked of a child that stops when it has stopped', () => {
    const stopping = [add('a'), told('started'), asked('terminate'), asked('restart')]
    expect(after(stopping).does).toEqual([])
    expect(after([...stopping, told('has_stopped')]).does).toEqual(['done a', 'start a'])
    const deleting = [add('a'), told('started'), asked('terminate'), asked('delete')]
    expect(after([...deleting, told('has_stopped')]).does).toEqual(['done a', 'forget a', 'done a'])
  })
})
