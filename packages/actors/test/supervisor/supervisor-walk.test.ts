import { expect, it } from 'vitest'
import {
  initialSupervisor,
  type SupervisorEffect,
  type SupervisorEvent,
  type SupervisorState,
  step,
} from '../../dist/supervisor/supervisor.machine.js'
import { type Seeded, seeded } from '../farm/seeded.js'
import { EXITS } from './staged-supervisor.js'

const IDS = ['a', 'b', 'c', 'd']
const BACKOFF = { minMs: 10, maxMs: 500, factor: 2, jitter: 0.5 }

/** Tells a machine anything at any time, and looks after each step at what must never be. */
class Walk {
  readonly #random: Seeded
  readonly #rules: { strategy: 'one_for_one'; intensity: number; periodMs: number }
  #state: SupervisorState
  #nowMs = 0
  /** The children in the order of their first start, kept by hand. */
  #order: string[] = []
  readonly #underWay = new Set<string>()
  /** When restarts were that count. */
  readonly #counted: number[] = []
  gaveUp = false
  /** What was, and must never be. */
  readonly wrongs: string[] = []
  steps = 0
  readonly seen = new Map<string, number>()

  constructor(seed: number) {
    this.#random = seeded(seed)
    this.#rules = { strategy: 'one_for_one', intensity: seed % 4, periodMs: seed % 3 === 0 ? 3_000 : 300 }
    this.#state = initialSupervisor(this.#rules)
  }

  step(): void {
    const random = this.#random
    this.#nowMs += random.chance(0.5) ? 0 : random.whole(0, 200)
    const event = this.#event()
    const before = this.#state
    const [state, effects] = step(before, event, { nowMs: this.#nowMs, random })
    this.#state = state
    this.steps++
    this.#follow(event, before)
    this.#look(event, before, effects)
    this.gaveUp ||= effects.some(({ type }) => type === 'give_up')
  }

  #event(): SupervisorEvent {
    const random = this.#random
    const id = random.pick(IDS)
    if (random.chance(0.01)) return { type: 'close' }
    // Who has given up is not given more children.
    if (random.chance(0.2) && !this.gaveUp) {
      const restart = random.pick(['permanent', 'permanent', 'transient', 'temporary'] as const)
      const counts = random.chance(0.3) ? () => false : () => true
      return { type: 'add', id, rules: { restart, backoff: random.chance(0.5) ? BACKOFF : undefined, counts } }
    }
    if (random.chance(0.25)) return { type: 'ended', id, exit: random.pick(EXITS) }
    // Most of what a start comes to is that it has started, or nothing would run.
    const types = ['started', 'started', 'started', 'due', 'due', 'not_started', 'remove', 'removed'] as const
    return { type: random.pick(types), id }
  }

  /** Keeps by hand which children there are, and whose start is under way. */
  #follow(event: SupervisorEvent, before: SupervisorState): void {
    if (event.type === 'close') return
    const known = before.children.has(event.id)
    if (event.type === 'add' && !known) this.#order.push(event.id)
    if (before.children.get(event.id)?.phase === 'starting' && ['started', 'ended'].includes(event.type)) {
      this.#underWay.delete(event.id)
    }
    if (known && !this.#state.children.has(event.id)) {
      this.#underWay.delete(event.id)
      this.#order = this.#order.filter((id) => id !== event.id)
    }
  }

  #look(event: SupervisorEvent, before: SupervisorState, effects: readonly SupervisorEffect[]): void {
    this.#must([...this.#state.children.keys()].join() === this.#order.join(), 'children are in order')
    for (const effect of effects) this.#lookAt(effect, event, before)
    for (const [id, { phase }] of before.children) {
      const now = this.#state.children.get(id)?.phase ?? 'gone'
      this.#must(phase !== 'stopping' || now === 'stopping' || now === 'gone', 'what stops is not restarted')
    }
    const { intensity, periodMs } = this.#rules
    const givesUp = this.gaveUp || effects.some(({ type }) => type === 'give_up')
    this.#must(givesUp || this.#state.window.length <= intensity, 'the window is bounded')
    const recent = this.#counted.filter((atMs) => this.#nowMs - atMs <= periodMs)
    this.#must(recent.length <= intensity, 'no more restarts than the intensity within a period')
  }

  #lookAt(effect: SupervisorEffect, event: SupervisorEvent, before: SupervisorState): void {
    this.seen.set(effect.type, (this.seen.get(effect.type) ?? 0) + 1)
    const { id, type } = effect
    const phase = this.#state.children.get(id)?.phase
    const rules = before.children.get(id)?.rules
    const phases = { start: 'starting', stop: 'stopping', wait: 'waiting', give_up: 'stopping' }
    this.#must(phase === phases[type], 'an effect is for a child that is there, in its phase')
    this.#must(type === 'stop' || !this.gaveUp, 'who has given up does nothing but stop')
    if (type === 'start') {
      this.#must(!this.#underWay.has(id), 'one start at a time')
      this.#underWay.add(id)
    }
    if (type === 'wait') {
      this.#must(rules?.restart !== 'temporary', 'a temporary child is not restarted')
      this.#must(effect.delayMs >= 0 && effect.delayMs <= BACKOFF.maxMs, 'a delay is within its bounds')
      if (event.type === 'ended' && rules?.counts(event.exit)) this.#counted.push(this.#nowMs)
    }
    if (type === 'give_up') {
      this.#must(
        [...this.#state.children.values()].every((child) => child.phase === 'stopping'),
        'all stop at the end',
      )
      this.#must(effect.count === this.#rules.intensity + 1, 'one restart too many is the end')
    }
  }

  #must(is: boolean, what: string): void {
    if (!is) this.wrongs.push(`step ${this.steps}: ${what}`)
  }
}

it.each(Array.from({ length: 40 }, (_, seed) => seed))(
  'whatever it is told, its children are safe (seed %i)',
  (seed) => {
    const walk = new Walk(seed)
    while (walk.steps < 400) walk.step()
    expect(walk.wrongs).toEqual([])
  },
)

it('the walks come everywhere', () => {
  const walks = Array.from({ length: 40 }, (_, seed) => new Walk(seed))
  for (const walk of walks) while (walk.steps < 400) walk.step()
  const seen = (type: string) => walks.reduce((sum, walk) => sum + (walk.seen.get(type) ?? 0), 0)
  expect(Math.min(seen('start'), seen('wait'), seen('stop'))).toBeGreaterThan(200)
  expect(walks.filter(({ gaveUp }) => gaveUp).length).toBeGreaterThan(10)
  expect(walks.filter(({ gaveUp }) => !gaveUp).length).toBeGreaterThan(5)
})
