import { TroupeError } from '@troupe/core'
import { type Seeded, seeded } from '@troupe/testing/seeded'
import { expect, it } from 'vitest'
import type { DispatchCounts } from '../../dist/farm/outcomes.js'
import { CountedRate, SimulatedFarm, type Wish } from './simulated-farm.js'
import type { Weather } from './simulated-worker.js'

const SEEDS = Number(process.env.FARM_SEEDS ?? 210)
const WEATHERS: Record<string, Weather> = {
  fair: { lost: 0, doubled: 0, overtaken: 0, lateMs: 2 },
  'of late frames': { lost: 0, doubled: 0, overtaken: 0, lateMs: 80 },
  'that loses, doubles and reorders frames': { lost: 50, doubled: 80, overtaken: 50, lateMs: 5 },
}
const TAGS = [['gpu'], ['big'], ['gpu', 'big'], ['none has it']]

it.each(Object.entries(WEATHERS))(
  'every task is settled once and in its turn, and nothing is left, in weather %s, whatever workers do',
  (_, weather) => {
    const outcomes = new Map<unknown, number>()
    let speculated = 0
    for (let seed = 1; seed <= SEEDS / 3; seed++) {
      const { told, counts } = story(seed, weather)
      speculated += counts.speculated
      for (const outcome of told) outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    }
    // Each end is seen, and more than half end well.
    const ends = ['ABORTED', 'INVALID_OUTPUT', 'TASK_FAILED', 'TASK_POISONED', 'TIMEOUT', 'UNROUTABLE', 'WORKER_LOST']
    expect([...outcomes.keys()]).toEqual(expect.arrayContaining(['done', ...ends]))
    const all = [...outcomes.values()].reduce((sum, count) => sum + count, 0)
    expect(outcomes.get('done')).toBeGreaterThan(all / 2)
    expect(speculated).toBeGreaterThan(SEEDS / 10)
  },
  600_000,
)

/** What became of each submit, and the counts of the farm. */
function story(seed: number, weather: Weather): { told: unknown[]; counts: DispatchCounts } {
  const random = seeded(seed)
  const farm = new SimulatedFarm(random, weather, {
    concurrency: random.pick([1, 1, 4]),
    onWorkerLost: random.pick(['redeliver', 'redeliver', 'fail'] as const),
    hangMs: random.pick([0, 300]),
    maxQueued: random.pick([5, 1_000]),
    routes: [new Set(), new Set(['gpu']), new Set(['gpu', 'big'])],
  })
  const rates = [new CountedRate({ limit: 1, perMs: 20 }), new CountedRate({ limit: 4, perMs: 3_000 })]
  const aborters: AbortController[] = []
  for (let id = 0; id < 80; ) {
    for (let burst = random.whole(1, 10); burst > 0; burst--) farm.submit(wish(random, id++, rates, aborters))
    befall(farm, random, aborters)
    farm.pass(random.whole(1, 40))
  }
  farm.dispatcher.resume()
  farm.pass(60_000)
  const told = farm.told.map(({ wish: { deed, signal }, outcomes: [outcome, ...more] }) => {
    expect([seed, deed, outcome, more]).toEqual([seed, deed, outcome ?? 'an outcome', []])
    // Nobody is taken away by the signal of another.
    expect([seed, deed, outcome === 'ABORTED' && signal?.aborted !== true]).toEqual([seed, deed, false])
    return typeof outcome === 'string' ? outcome : 'done'
  })
  check(seed, farm, rates)
  return { told, counts: farm.dispatcher.counts }
}

function wish(random: Seeded, id: number, rates: readonly CountedRate[], aborters: AbortController[]): Wish {
  const aborter = new AbortController()
  aborters.push(aborter)
  const fates = ['done', 'done', 'done', 'done', 'done', 'done', 'throws', 'throws', 'misfit', 'deaf', 'kills'] as const
  const maybe = <Value>(share: number, value: Value) => (random.chance(share) ? value : undefined)
  const fate = random.pick(fates)
  const key = maybe(0.3, random.pick(['a', 'b', 'c']))
  return {
    deed: { id, takesMs: random.chance(fate === 'deaf' ? 0.7 : 0.05) ? 400 : random.whole(0, 20), fate },
    priority: random.pick([0, 0, 0, 0, 1, 7, -3]),
    tags: maybe(0.2, random.chance(0.1) ? TAGS[3] : random.pick(TAGS.slice(0, 3))),
    key,
    speculates: key === undefined && random.chance(0.5),
    rate: maybe(0.2, random.pick(rates)),
    dedupeKey: maybe(0.1, random.pick(['x', 'y'])),
    signal: maybe(0.2, aborter.signal),
    deadlineMs: maybe(0.1, random.whole(5, 500)),
    timeoutMs: random.pick([0, 0, 30, 200]),
    retries: random.pick([0, 0, 1, 3]),
  }
}

function befall(farm: SimulatedFarm, random: Seeded, aborters: readonly AbortController[]): void {
  const worker = random.pick([...farm.workers.values()])
  const chance = random()
  if (chance < 0.1) worker.die()
  else if (chance < 0.2) worker.freeze(random.whole(10, 500))
  else if (chance < 0.4) random.pick(aborters.slice(-15)).abort(new TroupeError('ABORTED', 'not wanted any more'))
  else if (chance < 0.5) farm.dispatcher.pause()
  else if (chance < 0.65) farm.dispatcher.resume()
}

/** The accounts, and that nothing is left in any queue or map. */
function check(seed: number, farm: SimulatedFarm, rates: readonly CountedRate[]): void {
  const { dispatcher, admission, entries } = farm
  expect([seed, farm.wrongs]).toEqual([seed, []])
  for (const { most, terms } of rates) expect([seed, most <= terms.limit]).toEqual([seed, true])
  // Also those that were given up while they waited for room.
  const { done, failed, cancelled } = dispatcher.counts
  const given = entries.filter(({ reason }) => reason === undefined)
  expect([seed, done, done + failed + cancelled]).toEqual([seed, given.length, entries.length])
  expect([seed, dispatcher.pending, dispatcher.held, admission.waiting]).toEqual([seed, 0, 0, 0])
  expect([seed, entries.filter(({ state, owner }) => state !== 'done' || owner.unheld !== 0)]).toEqual([seed, []])
  // Each key goes again at once: none is still thought to be under way.
  const before = farm.told.length
  for (const [index, key] of ['a', 'b', 'c'].entries()) {
    farm.submit({ deed: { id: 1_000 + index, takesMs: 1, fate: 'done' }, key, timeoutMs: 0, retries: 0 })
  }
  farm.pass(2_000)
  expect([seed, farm.told.slice(before).map(({ outcomes }) => outcomes)]).toEqual([seed, [[1_000], [1_001], [1_002]]])
  farm.isCalm = true
  farm.deadlines.close()
  for (const worker of farm.workers.values()) worker.die()
  farm.pass(2_000)
  expect([seed, farm.clock.pending]).toEqual([seed, 0])
}
