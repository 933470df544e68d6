/**
 * A scenario for people to read.
 */
import type { Outcome, Plan, Scenario, Step } from './scenario.js'

export function describeScenario({ seed, root, steps, end }: Scenario): string {
  const numbered = steps.flatMap((step, index) => {
    const [first = '', ...others] = describeStep(step)
    return [`${index + 1}. ${first}`, ...others]
  })
  return [`seed ${seed}`, ...describePlan(root), ...numbered, `${steps.length + 1}. ${end} ${root.id}`].join('\n')
}

function describePlan(child: Plan): string[] {
  const { id, restart, significant, shutdown } = child
  const rules = `${id} ${restart}${significant ? ' significant' : ''}, shutdown ${shutdown}`
  if (child.type === 'worker') {
    const starts = child.starts.length > 0 ? `, starts: ${child.starts.map(describeOutcome).join(' ')}` : ''
    return [`${rules}, ends as ${child.stop} when asked${starts}`]
  }
  const { strategy, intensity, autoShutdown, children } = child
  const own = `${rules}, ${strategy}, intensity ${intensity}, auto_shutdown ${autoShutdown}`
  return [own, ...children.flatMap(describePlan).map((line) => `    ${line}`)]
}

function describeStep(step: Step): string[] {
  switch (step.type) {
    case 'exit':
      return [step.exits.map(({ id, reason }) => `${id} exits: ${reason}`).join(', ')]
    case 'start':
      return [`start in ${step.supervisor}:`, ...describePlan(step.child).map((line) => `    ${line}`)]
    default:
      return [`${step.type} ${step.id} in ${step.supervisor}`]
  }
}

const describeOutcome = (one: Outcome): string => (typeof one === 'object' ? `exits(${one.exits})` : one)
