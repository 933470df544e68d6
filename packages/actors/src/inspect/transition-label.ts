/**
 * What stands at the arrow of a transition: its event, its guard in brackets, and its actions if it leads nowhere.
 */
import type { AnyTransitionDefinition } from 'xstate'
import { diagramText } from './diagram-text.js'

export function transitionLabel(transition: AnyTransitionDefinition): string {
  const { guard, target, actions } = transition
  const all = target === undefined ? actions.map(nameOf).join(', ') : ''
  return [eventOf(transition), guard === undefined ? '' : `[${guardText(guard)}]`, all === '' ? '' : `/ ${all}`]
    .filter((part) => part !== '')
    .join(' ')
}

/** Empty for a transition without event. */
function eventOf(transition: AnyTransitionDefinition): string {
  const { eventType, source } = transition
  if ('delay' in transition) return `after ${delayText(transition.delay)}`
  if (eventType === `xstate.done.state.${source.id}`) return 'done'
  for (const { id, src } of source.invoke) {
    const name = typeof src === 'string' && !src.startsWith('xstate.invoke.') ? src : id
    if (eventType === `xstate.done.actor.${id}`) return `done(${diagramText(name)})`
    if (eventType === `xstate.error.actor.${id}`) return `error(${diagramText(name)})`
    if (eventType === `xstate.snapshot.${id}`) return `snapshot(${diagramText(name)})`
  }
  return diagramText(eventType)
}

const delayText = (delay: unknown): string => (typeof delay === 'number' ? `${delay} ms` : diagramText(String(delay)))

/** A guard by its name; those that xstate makes of others by what they are made of. */
function guardText(guard: unknown): string {
  if (typeof guard !== 'function') return nameOf(guard)
  const { guards, stateValue } = guard as { guards?: readonly unknown[]; stateValue?: unknown }
  if (stateValue !== undefined) return `in ${diagramText(pathsOf(stateValue).join(' and '))}`
  if (guards === undefined) return nameOf(guard)
  if (guard.name === 'not') return `not ${operand(guards[0])}`
  return guards.map(operand).join(` ${guard.name} `)
}

function operand(guard: unknown): string {
  const isSeveral = typeof guard === 'function' && ((guard as { guards?: readonly unknown[] }).guards?.length ?? 0) > 1
  return isSeveral ? `(${guardText(guard)})` : guardText(guard)
}

/** The paths of a value of a machine's state: `outer.inner`, several where regions run at the same time. */
const pathsOf = (value: unknown): string[] =>
  typeof value === 'string'
    ? [value]
    : Object.entries(value as object).flatMap(([key, inner]) => pathsOf(inner).map((path) => `${key}.${path}`))

/** Of a guard or an action: by name, by name with parameters, or a function. */
function nameOf(named: unknown): string {
  const { type, name } = named as { type?: string; name?: string }
  return diagramText(typeof named === 'string' ? named : (type ?? (name || 'a function')))
}
