/**
 * A scenario from a seed. It leaves out what is a race in Erlang: exits in two supervisors at once, and stops that take
 * about as long as they may.
 */

import { type Seeded, seeded } from '@troupe/testing/seeded'
import type { Death, Outcome, Plan, Reason, Scenario, Step, SupervisorPlan, WorkerPlan } from './scenario.js'

const REASONS: readonly Reason[] = ['normal', 'shutdown', 'shutdown_term', 'failed']
const DEATHS: readonly Death[] = [...REASONS, 'failed', 'kill']
type Command = Extract<Step, { readonly id: string }>

/** Longer than anything takes on a busy machine, in ms. */
const AMPLE = 60_000
/** A supervisor that has too little time for a child that takes all of its own is killed over it. */
const HASTE = 250
const STUBBORN = 700
const DEPTH = 3

export function randomScenario(seed: number): Scenario {
  const cast = new Cast(seeded(seed))
  const root = cast.supervisor(1, 'never')
  const random = cast.random
  const steps = Array.from({ length: random.whole(2, 10) }, () => cast.step())
  return { seed, root: { ...root, restart: 'permanent' }, steps, end: random.chance(0.9) ? 'stop' : 'kill' }
}

/** Makes children up, and knows those that there may be. */
class Cast {
  readonly random: Seeded
  readonly #supervisors: { readonly plan: SupervisorPlan; readonly children: Plan[] }[] = []
  #terminated: Command | undefined
  #last = 0

  constructor(random: Seeded) {
    this.random = random
  }

  supervisor(depth: number, parentAutoShutdown: SupervisorPlan['autoShutdown']): SupervisorPlan {
    const plan = this.#childless(depth, parentAutoShutdown)
    const count = this.random.whole(depth === 1 ? 1 : 0, 4)
    return this.#known({
      ...plan,
      children: Array.from({ length: count }, () => this.#child(depth, plan.autoShutdown)),
    })
  }

  step(): Step {
    const { random } = this
    const { plan, children } = random.pick(this.#supervisors)
    const type = random.pick([
      'exit',
      'exit',
      'exit',
      'exit',
      'exit',
      'terminate',
      'restart',
      'delete',
      'start',
    ] as const)
    const last = this.#terminated
    this.#terminated = undefined
    // Most that are terminated are soon wanted again, or no more.
    if (last !== undefined && random.chance(0.6)) return { ...last, type: random.pick(['restart', 'delete']) }
    if (type === 'start') return { type, supervisor: plan.id, child: this.#toStart(plan, children) }
    if (type === 'exit') return this.#exit(plan, children)
    const command: Command = { type, supervisor: plan.id, id: random.pick([...children, plan]).id }
    if (type === 'terminate') this.#terminated = command
    return command
  }

  /** Of one child, mostly. A supervisor can only be killed: it listens to its parent alone. */
  #exit(plan: SupervisorPlan, children: readonly Plan[]): Step {
    const { random } = this
    const child = random.pick(children.length > 0 ? children : [plan])
    if (child.type === 'supervisor') return { type: 'exit', exits: [{ id: child.id, reason: 'kill' }] }
    const others = children.filter((one) => one.type === 'worker' && one !== child && random.chance(0.25))
    return { type: 'exit', exits: [child, ...others].map(({ id }) => ({ id, reason: random.pick(DEATHS) })) }
  }

  #child(depth: number, autoShutdown: SupervisorPlan['autoShutdown']): Plan {
    const isNested = depth < DEPTH && this.random.chance(depth === 1 ? 0.4 : 0.3)
    if (!isNested) return this.#worker(autoShutdown)
    return this.random.chance(0.015) ? this.#hasty(autoShutdown) : this.supervisor(depth + 1, autoShutdown)
  }

  #hasty(parentAutoShutdown: SupervisorPlan['autoShutdown']): SupervisorPlan {
    const plan = this.#childless(DEPTH, parentAutoShutdown)
    const stubborn = { ...this.#worker(plan.autoShutdown), stop: 'deaf', shutdown: STUBBORN } as const
    const quick = Array.from({ length: this.random.whole(0, 2) }, () => this.#quick(plan.autoShutdown))
    return this.#known({ ...plan, shutdown: HASTE, children: [stubborn, ...quick] })
  }

  /** Ours leave a child that is deaf a second more, which is longer than the haste. */
  #quick(autoShutdown: SupervisorPlan['autoShutdown']): WorkerPlan {
    return { ...this.#worker(autoShutdown), stop: 'normal', shutdown: AMPLE }
  }

  #worker(autoShutdown: SupervisorPlan['autoShutdown']): WorkerPlan {
    const { random } = this
    const stop = random.pick(['shutdown', 'shutdown', ...REASONS, 'deaf'] as const)
    const patience = stop === 'deaf' ? random.whole(5, 20) : random.pick(['infinity', AMPLE] as const)
    return {
      type: 'worker',
      ...this.#rules('w', autoShutdown),
      shutdown: random.chance(0.15) ? 'brutal_kill' : patience,
      starts: random.chance(0.5) ? [] : this.#starts(),
      stop,
    }
  }

  /** Most first starts are ok: of a tree that does not start there is little to see. */
  #starts(): Outcome[] {
    const { random } = this
    const first: Outcome[] = random.chance(0.75) ? ['ok'] : []
    const outcomes = ['ok', 'error', 'error', 'ignore', 'exits', 'exits'] as const
    const others = Array.from({ length: random.whole(1, 4) }, () => random.pick(outcomes))
    return [...first, ...others.map((one) => (one === 'exits' ? { exits: random.pick(DEATHS) } : one))]
  }

  #childless(depth: number, parentAutoShutdown: SupervisorPlan['autoShutdown']): SupervisorPlan {
    const { random } = this
    return {
      type: 'supervisor',
      ...this.#rules('s', parentAutoShutdown),
      shutdown: random.pick(['infinity', 'infinity', AMPLE, 'brutal_kill'] as const),
      strategy: random.pick(['one_for_one', 'one_for_all', 'rest_for_one'] as const),
      // A root that gives up soon ends its scenario.
      intensity: depth === 1 ? random.pick([0, 1, 2, 3, 4, 4, 4]) : random.whole(0, 4),
      autoShutdown: random.pick(['never', 'never', 'any_significant', 'all_significant'] as const),
      children: [],
    }
  }

  #known(plan: SupervisorPlan): SupervisorPlan {
    this.#supervisors.push({ plan, children: [...plan.children] })
    return plan
  }

  #rules(letter: 'w' | 's', autoShutdown: SupervisorPlan['autoShutdown']) {
    const { random } = this
    const restart = random.pick(['permanent', 'permanent', 'transient', 'transient', 'temporary'] as const)
    const significant = autoShutdown !== 'never' && restart !== 'permanent' && random.chance(0.6)
    return { id: `${letter}${this.#last++}`, restart, significant }
  }

  /** One that is new, or has been there. */
  #toStart({ autoShutdown, shutdown }: SupervisorPlan, children: Plan[]): Plan {
    if (children.length > 0 && this.random.chance(0.5)) return this.random.pick(children)
    const child = shutdown === HASTE ? this.#quick(autoShutdown) : this.#child(DEPTH - 1, autoShutdown)
    children.push(child)
    return child
  }
}
