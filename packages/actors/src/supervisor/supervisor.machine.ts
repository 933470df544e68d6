/**
 * The supervisor as a function: what happened in, what to do out. No I/O, no clock, no promise.
 *
 * A child:  starting -> running -> stopping -> (gone)
 *               ^          |
 *               |          v
 *               +------ waiting        (for the delay of its backoff, 0 without one)
 *
 * From each of the first three it may be told to stop; what is stopping is not restarted, whatever becomes of it.
 * The supervisor itself starts and stops on the lifecycle machine; this one says what to do with its children, and when
 * there is no use in going on.
 */
import { type BackoffOptions, backoffDelayMs } from '@troupe/core'
import type { z } from 'zod'
import type { Exit } from '../actor/exit.js'
import { type RestartWindow, recordRestart } from './restart-window.js'
import { affectedBy, isRestarted, type RestartType, type Strategy } from './strategy.js'

export type ChildPhase = 'starting' | 'running' | 'waiting' | 'stopping'

/** What the machine has to know of a child's spec. */
export interface ChildRules {
  readonly restart: RestartType
  readonly backoff: z.output<typeof BackoffOptions> | undefined
  readonly counts: (exit: Exit) => boolean
}

export interface ChildState {
  readonly phase: ChildPhase
  readonly rules: ChildRules
  /** How often it was started again. */
  readonly restarts: number
  /** Restarts in a row, with no running in between that outlasted the period: what the backoff grows with. */
  readonly streak: number
  readonly sinceMs: number
}

export interface SupervisorRules {
  readonly strategy: Strategy
  readonly intensity: number
  readonly periodMs: number
}

export interface SupervisorState {
  readonly rules: SupervisorRules
  /** In the order of their first start. */
  readonly children: ReadonlyMap<string, ChildState>
  readonly window: RestartWindow
}

export type SupervisorEvent =
  | { readonly type: 'add'; readonly id: string; readonly rules: ChildRules }
  | { readonly type: 'started'; readonly id: string }
  /** The first start of a child failed: it was never there. */
  | { readonly type: 'not_started'; readonly id: string }
  /** A child has ended, or could not be started again. */
  | { readonly type: 'ended'; readonly id: string; readonly exit: Exit }
  /** The delay of a child's backoff is over. */
  | { readonly type: 'due'; readonly id: string }
  | { readonly type: 'remove'; readonly id: string }
  | { readonly type: 'removed'; readonly id: string }
  /** All children are to stop. */
  | { readonly type: 'close' }

export type SupervisorEffect =
  | { readonly type: 'start'; readonly id: string }
  | { readonly type: 'stop'; readonly id: string }
  | { readonly type: 'wait'; readonly id: string; readonly delayMs: number }
  /** Too many restarts: stop all and fail. */
  | { readonly type: 'give_up'; readonly id: string; readonly count: number; readonly exit: Exit }

export const initialSupervisor = (rules: SupervisorRules): SupervisorState => ({
  rules,
  children: new Map(),
  window: [],
})

export interface Surroundings {
  readonly nowMs: number
  readonly random: () => number
}

type Step = readonly [SupervisorState, readonly SupervisorEffect[]]

/**
 * One step. An event of a child that is not there, or that does not fit its phase, changes nothing; nor does adding one
 * that is there.
 */
export function step(state: SupervisorState, event: SupervisorEvent, around: Surroundings): Step {
  if (event.type === 'close') {
    return [closing(state), [...state.children.keys()].reverse().map((id) => ({ type: 'stop', id }))]
  }
  if (event.type === 'add') {
    if (state.children.has(event.id)) return [state, []]
    const child: ChildState = { phase: 'starting', rules: event.rules, restarts: 0, streak: 0, sinceMs: around.nowMs }
    return [withChild(state, event.id, child), [{ type: 'start', id: event.id }]]
  }
  const child = state.children.get(event.id)
  return child === undefined ? [state, []] : stepOf(child, state, event, around)
}

type ChildEvent = Exclude<SupervisorEvent, { readonly type: 'add' | 'close' }>

function stepOf(child: ChildState, state: SupervisorState, event: ChildEvent, around: Surroundings): Step {
  const { id, type } = event
  const { phase } = child
  switch (type) {
    case 'started':
      if (phase !== 'starting') return [state, []]
      return [withChild(state, id, { ...child, phase: 'running', sinceMs: around.nowMs }), []]
    case 'not_started':
      // It may have been told to stop since.
      return [phase === 'starting' || phase === 'stopping' ? without(state, id) : state, []]
    case 'removed':
      return [phase === 'stopping' ? without(state, id) : state, []]
    case 'due':
      if (phase !== 'waiting') return [state, []]
      return [withChild(state, id, { ...child, phase: 'starting' }), [{ type: 'start', id }]]
    case 'remove':
      if (phase === 'stopping') return [state, []]
      return [withChild(state, id, { ...child, phase: 'stopping' }), [{ type: 'stop', id }]]
    case 'ended':
      return ended(state, id, child, event.exit, around)
  }
}

function ended(state: SupervisorState, id: string, child: ChildState, exit: Exit, around: Surroundings): Step {
  if (child.phase === 'stopping' || child.phase === 'waiting') return [state, []]
  if (!isRestarted(child.rules.restart, exit)) return [without(state, id), []]
  let window = state.window
  if (child.rules.counts(exit)) {
    const recorded = recordRestart(window, around.nowMs, state.rules)
    if (recorded.exceeded) {
      return [
        closing({ ...state, window: recorded.window }),
        [{ type: 'give_up', id, count: recorded.window.length, exit }],
      ]
    }
    window = recorded.window
  }
  const settled = child.phase === 'running' && around.nowMs - child.sinceMs > state.rules.periodMs
  const streak = settled ? 1 : child.streak + 1
  const delayMs = child.rules.backoff === undefined ? 0 : backoffDelayMs(child.rules.backoff, streak, around.random)
  let next: SupervisorState = { ...state, window }
  const effects: SupervisorEffect[] = []
  for (const affected of affectedBy(state.rules.strategy, id, [...state.children.keys()])) {
    next = withChild(next, affected, { ...child, phase: 'waiting', restarts: child.restarts + 1, streak })
    effects.push({ type: 'wait', id: affected, delayMs })
  }
  return [next, effects]
}

const closing = (state: SupervisorState): SupervisorState => ({
  ...state,
  children: new Map([...state.children].map(([id, child]) => [id, { ...child, phase: 'stopping' }])),
})

const withChild = (state: SupervisorState, id: string, child: ChildState): SupervisorState => ({
  ...state,
  children: new Map(state.children).set(id, child),
})

function without(state: SupervisorState, id: string): SupervisorState {
  const children = new Map(state.children)
  children.delete(id)
  return { ...state, children }
}
