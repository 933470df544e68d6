/**
 * Scenarios with a little less in them: the great cuts first.
 */
import type { Plan, Scenario, Step, SupervisorPlan, WorkerPlan } from './scenario.js'

export function* simplerScenarios(scenario: Scenario): Generator<Scenario> {
  const { root, steps } = scenario
  for (let kept = 0; kept < steps.length - 1; kept++) yield { ...scenario, steps: steps.slice(0, kept) }
  for (const fewer of without(steps)) yield { ...scenario, steps: fewer }
  for (const simpler of simplerSupervisors(root)) yield { ...scenario, root: simpler }
  for (const simpler of withOneSimpler(steps, simplerSteps)) yield { ...scenario, steps: simpler }
}

function* simplerSteps(step: Step): Generator<Step> {
  if (step.type === 'start') for (const child of simplerPlans(step.child)) yield { ...step, child }
  if (step.type === 'exit' && step.exits.length > 1) for (const exits of without(step.exits)) yield { ...step, exits }
}

function* simplerPlans(plan: Plan): Generator<Plan> {
  if (plan.type === 'worker') yield* simplerWorkers(plan)
  else yield* simplerSupervisors(plan)
}

function* simplerSupervisors(plan: SupervisorPlan): Generator<SupervisorPlan> {
  for (const children of without(plan.children)) yield { ...plan, children }
  for (const children of withOneSimpler(plan.children, simplerPlans)) yield { ...plan, children }
  if (plan.strategy !== 'one_for_one') yield { ...plan, strategy: 'one_for_one' }
  if (plan.autoShutdown !== 'never' && !plan.children.some(({ significant }) => significant)) {
    yield { ...plan, autoShutdown: 'never' }
  }
  yield* plainer(plan)
}

function* simplerWorkers(plan: WorkerPlan): Generator<WorkerPlan> {
  for (const starts of without(plan.starts)) yield { ...plan, starts }
  if (plan.stop !== 'shutdown') yield { ...plan, stop: 'shutdown', shutdown: 'infinity' }
  yield* plainer(plan)
}

function* plainer<Any extends Plan>(plan: Any): Generator<Any> {
  if (plan.significant) yield { ...plan, significant: false }
  if (plan.shutdown !== 'infinity' && !(plan.type === 'worker' && plan.stop === 'deaf')) {
    yield { ...plan, shutdown: 'infinity' }
  }
}

function* without<Item>(items: readonly Item[]): Generator<Item[]> {
  for (const index of items.keys()) yield items.toSpliced(index, 1)
}

function* withOneSimpler<Item>(items: readonly Item[], simpler: (item: Item) => Iterable<Item>): Generator<Item[]> {
  for (const [index, item] of items.entries()) for (const one of simpler(item)) yield items.with(index, one)
}
