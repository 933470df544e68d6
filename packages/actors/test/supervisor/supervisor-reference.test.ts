/**
 * Whatever happens to it, our supervisor does what OTP's would do: a model of that, which is obviously right, lives
 * through the same.
 */
import { type Exit, Supervisor } from '@troupe/actors/supervisor'
import { deferred, SimulatedClock } from '@troupe/core'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type Reason, type ReferenceRules, type ReferenceSpec, ReferenceSupervisor } from './reference-supervisor.js'
import { CRASH, settled } from './staged-supervisor.js'

type Outcome = 'ok' | 'fails' | 'ignore'
type Step =
  | { readonly type: 'exits'; readonly ends: readonly (readonly [pick: number, reason: Reason])[] }
  | { readonly type: 'startChild'; readonly spec: ReferenceSpec }
  | { readonly type: 'stopChild' | 'restartChild' | 'deleteChild'; readonly id: string }
  | { readonly type: 'tryAgain' }
  | { readonly type: 'advance'; readonly ms: number }

interface Story {
  readonly rules: ReferenceRules
  readonly specs: readonly ReferenceSpec[]
  readonly outcomes: readonly Outcome[]
  readonly steps: readonly Step[]
}

const id = fc.constantFrom('a', 'b', 'c', 'd', 'e')
const reason = fc.constantFrom<Reason>('normal', 'shutdown', 'killed', 'failed', 'failed')
const restart = fc.constantFrom('permanent', 'permanent', 'transient', 'temporary')
const spec = fc.record({ id, restart, significant: fc.boolean() })
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('exits' as const),
      ends: fc.array(fc.tuple(fc.nat(), reason), { minLength: 1, maxLength: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('startChild' as const), spec }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constantFrom('stopChild', 'restartChild', 'deleteChild'), id }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('tryAgain' as const) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('advance' as const), ms: fc.integer({ min: 1, max: 700 }) }) },
)
const story: fc.Arbitrary<Story> = fc.record({
  rules: fc.record({
    strategy: fc.constantFrom('one_for_one', 'one_for_all', 'rest_for_one'),
    intensity: fc.integer({ min: 0, max: 6 }),
    periodMs: fc.constantFrom(300, 1_000),
    autoShutdown: fc.constantFrom('never', 'never', 'any_significant', 'all_significant'),
  }),
  specs: fc.uniqueArray(spec, { maxLength: 4, selector: (one) => one.id }),
  outcomes: fc.array(fc.constantFrom('ok', 'ok', 'ok', 'ok', 'fails', 'ignore'), { maxLength: 40 }),
  steps: fc.array(step, { maxLength: 25 }),
})

/** The same journal for both: what was started and stopped, and what comes of the next start. */
class World {
  readonly journal: string[] = []
  readonly #outcomes: readonly Outcome[]
  #starts = 0

  constructor(outcomes: readonly Outcome[]) {
    this.#outcomes = outcomes
  }

  start(id: string): Outcome {
    // The first starts succeed, most of the time: a supervisor that does not start has no story.
    const outcome = this.#outcomes[this.#starts++] ?? 'ok'
    this.journal.push(`start ${id}: ${outcome}`)
    return outcome
  }

  stop(id: string): void {
    this.journal.push(`stop ${id}`)
  }
}

/** Our supervisor in such a world. */
class Ours {
  readonly clock = new SimulatedClock()
  readonly world: World
  readonly #alive = new Map<string, { end(exit: Exit): void }>()
  supervisor: Supervisor | undefined

  constructor(outcomes: readonly Outcome[]) {
    this.world = new World(outcomes)
  }

  async open(rules: ReferenceRules, specs: readonly ReferenceSpec[]): Promise<void> {
    const children = specs.map((one) => this.spec(one))
    this.supervisor = await Supervisor.start({ ...rules, children, clock: this.clock }).catch(() => undefined)
    await settled()
  }

  spec(rules: ReferenceSpec) {
    const { id } = rules
    const start = async () => {
      const outcome = this.world.start(id)
      if (outcome === 'fails') throw CRASH
      return outcome === 'ignore' ? outcome : this.#child(id)
    }
    return { ...rules, start }
  }

  get alive(): string[] {
    return [...this.#alive.keys()].sort()
  }

  end(id: string, reason: Reason): void {
    this.#alive.get(id)?.end(reason === 'failed' ? { reason, error: CRASH } : { reason })
  }

  #child(id: string) {
    const exit = deferred<Exit>()
    const child = {
      exit: exit.promise,
      end: (how: Exit) => {
        this.#alive.delete(id)
        exit.resolve(how)
      },
      stop: async () => {
        if (this.#alive.get(id) !== child) return
        this.world.stop(id)
        child.end({ reason: 'shutdown' })
      },
    }
    this.#alive.set(id, child)
    return child
  }
}

const PHASES = { alive: 'running', dead: 'running', restarting: 'waiting', undefined: 'stopped' } as const

/** What can be seen of a reference. */
const seenOf = ({ children, state }: ReferenceSupervisor, { journal }: World) => ({
  state,
  journal: [...journal],
  alive: children.flatMap(({ id, pid }) => (pid === 'alive' ? [id] : [])).sort(),
  children: children.map(({ id, pid, starts }) => [id, PHASES[pid], starts - (pid === 'restarting' ? 0 : 1)]),
})

async function seenOfOurs({ supervisor, world, alive }: Ours) {
  const ended = supervisor === undefined || supervisor.state === 'running' ? undefined : await supervisor.exit
  const how = { failed: 'gave up', shutdown: 'shut down', killed: 'killed', normal: 'normal' } as const
  const children = supervisor?.children().map(({ id, phase, restarts }) => [id, phase, restarts]) ?? []
  const state = supervisor === undefined ? 'not started' : ended === undefined ? 'running' : how[ended.reason]
  return { state, journal: [...world.journal], alive, children }
}

const resultOf = (asked: Promise<unknown>): Promise<string> =>
  asked.then(
    (child) => (child === undefined ? 'nothing' : 'ok'),
    ({ code }: { code: string }) => code,
  )

/** Has both live through a step; returns what was answered to each. */
async function live(step: Step, reference: ReferenceSupervisor, ours: Ours): Promise<[string, string]> {
  const supervisor = ours.supervisor!
  switch (step.type) {
    case 'exits': {
      const { alive } = ours
      const ends = new Map(
        step.ends.flatMap(([pick, why]) => (alive.length > 0 ? [[alive[pick % alive.length]!, why]] : [])),
      )
      for (const [id, why] of ends) ours.end(id, why)
      reference.exits([...ends])
      return ['', '']
    }
    case 'tryAgain':
      reference.tryAgain()
      ours.clock.advance(0)
      return ['', '']
    case 'advance':
      while (reference.retries.size > 0) {
        await live({ type: 'tryAgain' }, reference, ours)
        await settled()
      }
      reference.nowMs += step.ms
      ours.clock.advance(step.ms)
      return ['', '']
    case 'startChild':
      return [reference.startChild(step.spec), await resultOf(supervisor.startChild(ours.spec(step.spec)))]
    case 'stopChild':
      return [reference.terminateChild(step.id), await resultOf(supervisor.stopChild(step.id))]
    case 'restartChild':
      return [reference.restartChild(step.id), await resultOf(supervisor.restartChild(step.id))]
    case 'deleteChild':
      return [reference.deleteChild(step.id), await resultOf(supervisor.deleteChild(step.id))]
  }
}

const said = (result: string) => (result === 'done' || result === 'ignore' ? 'nothing' : result)
/** What impossible specs are made of is refused elsewhere. */
const possible = (one: ReferenceSpec, { autoShutdown }: ReferenceRules): ReferenceSpec => ({
  ...one,
  significant: one.significant && one.restart !== 'permanent' && autoShutdown !== 'never',
})

/** One of a group ends, and it is another whose start then fails. */
const anotherFails: Story = {
  rules: { strategy: 'one_for_all', intensity: 1, periodMs: 300, autoShutdown: 'never' },
  specs: ['a', 'c'].map((name) => ({ id: name, restart: 'permanent', significant: false })),
  outcomes: ['ok', 'ok', 'fails'],
  steps: [
    { type: 'exits', ends: [[1, 'normal']] },
    { type: 'restartChild', id: 'c' },
  ],
}

const tally = new Map<string, number>()

async function tell({ rules, specs, outcomes, steps }: Story): Promise<void> {
  const world = new World(outcomes)
  const children = specs.map((one) => possible(one, rules))
  const ours = new Ours(outcomes)
  const reference = new ReferenceSupervisor(rules, world, children)
  await ours.open(rules, children)
  expect(await seenOfOurs(ours)).toEqual(seenOf(reference, world))
  for (const each of steps) {
    if (reference.state !== 'running') break
    const step = each.type === 'startChild' ? { ...each, spec: possible(each.spec, rules) } : each
    const [expected, answered] = await live(step, reference, ours)
    await settled()
    expect({ step, answered, ...(await seenOfOurs(ours)) }).toEqual({
      ...{ step, answered: said(expected) },
      ...seenOf(reference, world),
    })
  }
  tally.set(reference.state, (tally.get(reference.state) ?? 0) + 1)
  reference.stop()
  await ours.supervisor?.stop()
  expect(ours.world.journal).toEqual(world.journal)
  expect(ours.clock.pending).toBe(0)
}

it('does what OTP does, whatever happens', { timeout: 30_000 }, async () => {
  await fc.assert(fc.asyncProperty(story, tell), { seed: 25, numRuns: 600, examples: [[anotherFails]] })
  // Each of the ways that a story may end is there.
  expect([...tally.keys()].sort()).toEqual(['gave up', 'not started', 'running', 'shut down'])
  expect(Math.min(...tally.values())).toBeGreaterThan(10)
})
