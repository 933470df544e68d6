/**
 * A scenario as a term of Erlang, in one line.
 */
import type { Outcome, Plan, Scenario, Step } from './scenario.js'

export function erlangTerm({ root, steps, end }: Scenario): string {
  return `{${plan(root)},${list(steps, step)},${end}}.`
}

function plan(child: Plan): string {
  const { type, id, restart, significant, shutdown } = child
  const rules = { type, id, restart, significant, shutdown }
  if (child.type === 'worker') return map({ ...rules, starts: list(child.starts, outcome), stop: child.stop })
  const { strategy, intensity, autoShutdown, children } = child
  return map({ ...rules, strategy, intensity, auto_shutdown: autoShutdown, children: list(children, plan) })
}

function step(one: Step): string {
  switch (one.type) {
    case 'exit':
      return `{exit,${list(one.exits, ({ id, reason }) => `{${id},${reason}}`)}}`
    case 'start':
      return `{start,${one.supervisor},${plan(one.child)}}`
    default:
      return `{${one.type},${one.supervisor},${one.id}}`
  }
}

const outcome = (one: Outcome): string => (typeof one === 'object' ? `{exits,${one.exits}}` : one)

const list = <Item>(items: readonly Item[], term: (item: Item) => string): string => `[${items.map(term).join(',')}]`

const map = (fields: Readonly<Record<string, string | number | boolean>>): string =>
  `#{${Object.entries(fields).map(([key, value]) => `${key}=>${value}`)}}`
