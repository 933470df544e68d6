import { type Seeded, seeded } from '@troupe/testing/seeded'
import { expect, it } from 'vitest'
import type { SupervisorEffect } from '../../dist/supervisor/supervisor-effect.js'
import { SupervisorEngine } from '../../dist/supervisor/supervisor-engine.js'
import type { SupervisorEvent } from '../../dist/supervisor/supervisor-event.js'
import type { SupervisorRules } from '../../dist/supervisor/supervisor-rules.js'
import { CRASH, EXITS } from './staged-supervisor.js'

const IDS = ['a', 'b', 'c', 'd']
const BACKOFF = { minMs: 10, maxMs: 500, factor: 2, jitter: 0.5 }
const STRATEGIES = ['one_for_one', 'one_for_all', 'rest_for_one'] as const
const PROGRESS = ['started', 'started', 'ignored', 'start_failed', 'has_stopped', 'has_stopped', 'due', 'due'] as const

/** Tells an engine anything at any time, and looks after each step at what must never be. */
class Walk {
  readonly #random: Seeded
  readonly rules: SupervisorRules
  readonly #engine: SupervisorEngine
  #nowMs = 0
  /** The children in the order of their first start, kept by hand. */
  #order: string[] = []
  /** Whose start was asked for and is not over. */
  readonly #underWay = new Set<string>()
  /** When restarts were that count. */
  readonly #counted: number[] = []
  #lastRequest = 0
  readonly #unanswered = new Set<number>()
  ending: 'none' | 'closed' | 'gave up' | 'shut down' = 'none'
  /** What was, and must never be. */
  readonly wrongs: string[] = []
  steps = 0
  readonly seen = new Map<string, number>()

  constructor(seed: number) {
    this.#random = seeded(seed)
    this.rules = {
      strategy: STRATEGIES[seed % 3]!,
      intensity: (seed % 4) * 3,
      periodMs: seed % 5 === 0 ? 3_000 : 300,
      autoShutdown: (['never', 'any_significant', 'all_significant', 'never'] as const)[seed % 4]!,
    }
    this.#engine = new SupervisorEngine(this.rules)
  }

  walk(steps: number): void {
    while (this.steps < steps) this.#tell(this.#event())
    this.#tell({ type: 'close' })
    for (const id of [...this.#engine.children.keys()].reverse()) this.#tell({ type: 'has_stopped', id })
    this.#must(this.#unanswered.size === 0, 'who asks is answered')
    this.#must(this.#engine.children.size === 0, 'nobody is left')
  }

  #tell(event: SupervisorEvent): void {
    const random = this.#random
    this.#nowMs += random.chance(0.5) ? 0 : random.whole(0, 200)
    const before = new Map([...this.#engine.children].map(([id, { phase }]) => [id, phase]))
    if (event.type !== 'due' && 'id' in event && before.get(event.id) === 'starting') {
      if (['started', 'ignored', 'start_failed'].includes(event.type)) this.#underWay.delete(event.id)
    }
    if ('request' in event) this.#unanswered.add(event.request)
    for (const effect of this.#engine.take(event, { nowMs: this.#nowMs, random })) this.#look(effect)
    if (event.type === 'close' && this.ending === 'none') this.ending = 'closed'
    this.steps++
    const phases = [...this.#engine.children.values()].map(({ phase }) => phase)
    this.#must([...this.#engine.children.keys()].join() === this.#order.join(), 'children are in order')
    if (this.rules.strategy !== 'one_for_one' && this.ending === 'none') {
      const busy = phases.filter((phase) => phase === 'starting' || phase === 'stopping').length
      this.#must(busy <= 1, 'one thing at a time in a group')
    }
    const recent = this.#counted.filter((atMs) => this.#nowMs - atMs <= this.rules.periodMs)
    this.#must(recent.length <= this.rules.intensity, 'no more restarts than the intensity within a period')
  }

  #event(): SupervisorEvent {
    const random = this.#random
    const id = random.pick(IDS)
    if (this.steps === 20) return { type: 'opened' }
    if (random.chance(0.001)) return { type: 'close' }
    if (random.chance(0.15)) {
      const restart = random.pick(['permanent', 'permanent', 'transient', 'temporary'] as const)
      const significant = restart !== 'permanent' && this.rules.autoShutdown !== 'never' && random.chance(0.3)
      const backoff = random.chance(0.5) ? BACKOFF : undefined
      const counts = random.chance(0.3) ? () => false : () => this.#counted.push(this.#nowMs) > 0
      return { type: 'add', id, request: ++this.#lastRequest, rules: { restart, significant, backoff, counts } }
    }
    if (random.chance(0.15)) {
      return { type: random.pick(['terminate', 'restart', 'delete'] as const), id, request: ++this.#lastRequest }
    }
    if (random.chance(0.2)) return { type: 'ended', id, exit: random.pick(EXITS) }
    const type = random.pick(PROGRESS)
    return type === 'start_failed' ? { type, id, error: CRASH } : { type, id }
  }

  #look(effect: SupervisorEffect): void {
    this.seen.set(effect.type, (this.seen.get(effect.type) ?? 0) + 1)
    if (effect.type === 'done' || effect.type === 'failed' || effect.type === 'refused') {
      this.#must(this.#unanswered.delete(effect.request), 'who asks is answered once')
    }
    const isOver = this.ending !== 'none'
    if (effect.type === 'added') this.#order.push(effect.id)
    if (effect.type === 'forget') {
      this.#underWay.delete(effect.id)
      this.#order = this.#order.filter((id) => id !== effect.id)
    }
    if (effect.type === 'stop') this.#underWay.delete(effect.id)
    if (effect.type === 'start') this.#lookAtStart(effect.id, effect.restarts)
    if (effect.type === 'restarting' || effect.type === 'wait') {
      const { delayMs } = effect
      this.#must(!isOver && delayMs >= 0 && delayMs <= BACKOFF.maxMs, 'a delay is within its bounds')
    }
    if (effect.type === 'shut_down') this.#ends('shut down')
    if (effect.type === 'give_up') {
      this.#ends('gave up')
      this.#counted.pop()
      this.#must(effect.count === this.rules.intensity + 1, 'one restart too many is the end')
    }
  }

  #lookAtStart(id: string, restarts: number): void {
    this.#must(this.ending === 'none', 'who has ended starts nobody')
    this.#must(!this.#underWay.has(id), 'one start at a time')
    this.#underWay.add(id)
    const restart = this.#engine.children.get(id)?.rules.restart
    this.#must(restart !== 'temporary' || restarts === 0, 'a temporary child is not restarted')
  }

  #ends(how: 'gave up' | 'shut down'): void {
    this.#must(this.ending === 'none', 'it ends once')
    this.ending = how
  }

  #must(is: boolean, what: string): void {
    if (!is) this.wrongs.push(`step ${this.steps}: ${what}`)
  }
}

const SEEDS = Array.from({ length: 240 }, (_, seed) => seed)
const walked = (seed: number) => {
  const walk = new Walk(seed)
  walk.walk(400)
  return walk
}

it('whatever it is told, its children are safe, and who asks is answered', () => {
  for (const seed of SEEDS) expect({ seed, wrongs: walked(seed).wrongs }).toEqual({ seed, wrongs: [] })
})

it('the walks come everywhere', () => {
  const walks = SEEDS.map(walked)
  const seen = (type: string) => walks.reduce((sum, walk) => sum + (walk.seen.get(type) ?? 0), 0)
  for (const type of [
    'start',
    'stop',
    'wait',
    'cancel',
    'started',
    'forget',
    'restarting',
    'restart_failed',
    'failed',
  ]) {
    expect([type, seen(type) > 50]).toEqual([type, true])
  }
  for (const ending of ['closed', 'gave up', 'shut down'] as const) {
    expect([ending, walks.filter((walk) => walk.ending === ending).length > 10]).toEqual([ending, true])
  }
})
