/**
 * A farm whose workers have joined over a network that fails, and die, and stand still, and are ended by their own tasks: every
 * result must come, and once, and nothing may be left.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { Farm, type FarmStats, FarmWorkers } from '@troupe/actors/farm'
import {
  DEEDS,
  ENDLESS_DEEDS,
  inFolder,
  joinTerms,
  leftovers,
  lodgerOf,
  Machine,
  misfortunesOf,
  OBEDIENT_DEEDS,
  type Places,
  Source,
  Story,
} from '@troupe/testing/chaos'
import type { Seeded } from '@troupe/testing/seeded'
import * as tasks from './fixtures/chaos-tasks.mjs'

const TASKS = new URL('./fixtures/chaos-tasks.mjs', import.meta.url)
/** How many machines there are, each with a worker behind networks of its own. */
const MACHINES = 3
/** A silence of more than `livenessMs` is a death, and a loop of more than `hangMs`. */
const TERMS = {
  ...{ heartbeatMs: 50, livenessMs: 300, hangMs: 1_000, timeoutMs: 1_500, graceMs: 200 },
  // What its worker did was not the fault of a task.
  // Beside each other, for where workers are lost again and again nothing is sent ahead.
  concurrency: 32,
  ...{ retries: 20, backoff: { minMs: 10, maxMs: 100 }, intensity: 1_000_000 },
}

export interface NetworkChaosTerms {
  /** How many tasks at least; there are more if they are done before all has befallen them. */
  readonly count: number
  readonly seed: number
  /** How often something befalls them. */
  readonly deeds: number
  /** An empty folder. */
  readonly folder: string
  /** Is told what befalls whom. */
  readonly log?: ((line: string) => void) | undefined
}

export interface NetworkChaos {
  readonly count: number
  /** How often each thing has befallen them. */
  readonly befell: Readonly<Record<string, number>>
  /** Results that did not come, came more than once, or are not right; and deeds that could not be done. */
  readonly wrong: readonly string[]
  readonly stats: FarmStats
  /** Processes and files that were there after the end. */
  readonly left: readonly string[]
}

/** What can befall the farm. */
const FARM_DEEDS = {
  async 'farm paused'(farm: Farm, random: Seeded) {
    farm.pause()
    await delay(random.whole(10, 300))
    farm.resume()
  },
}

export const networkChaos = (terms: NetworkChaosTerms): Promise<NetworkChaos> =>
  inFolder(terms.folder, (places) => chaosIn(places, terms))

async function chaosIn(places: Places, { count, seed, deeds, log }: NetworkChaosTerms): Promise<NetworkChaos> {
  const farm = await Farm.start({
    ...{ tasks: TASKS, workers: 0, endpoint: 'tcp://127.0.0.1:*', joinable: true },
    ...TERMS,
  })
  const machines = await Promise.all(
    Array.from({ length: MACHINES }, (_, n) => open(farm, `machine ${n + 1}`, places.orders)),
  )
  const story = new Story({
    ...{ seed, count, length: deeds, nameOf: (victim) => (victim instanceof Machine ? victim.kind : 'farm'), log },
    misfortunes: [
      ...misfortunesOf({ ...DEEDS, ...OBEDIENT_DEEDS, ...ENDLESS_DEEDS }, machines),
      ...misfortunesOf(FARM_DEEDS, [farm]),
    ],
  })
  const times: number[] = []
  const { failure, stats } = await play(farm, { machines, story, source: new Source(count), times })
  await Promise.all(machines.map((machine) => machine.end()))
  await farm.stop()
  if (failure !== undefined) throw failure
  const once = [...times.keys()].filter((n) => times[n] !== 1).map((n) => `${n} came ${times[n]} times`)
  const left = await leftovers(new Set(machines.flatMap(({ pids }) => [...pids])), Object.values(places))
  return { count: times.length, befell: story.befell, wrong: [...once, ...story.wrong], stats, left }
}

interface Stage {
  readonly machines: readonly Machine[]
  readonly story: Story
  readonly source: Source
  /** How often each result has come. */
  readonly times: number[]
}

async function play(farm: Farm, { machines, story, source, times }: Stage) {
  let last: FarmStats | undefined
  const timer = setInterval(() => {
    // So that it knows whom it has had.
    for (const machine of machines) void machine.pid
    story.advance(farm.stats().done)
    source.allow(story.allowed)
    if (story.hasEnded) source.end()
  }, 5)
  let failure: unknown
  try {
    for await (const output of farm.mapUnordered(tasks.doubleLater, given(source, times))) times[output / 2]!++
    last = farm.stats()
  } catch (error) {
    failure = error
  }
  clearInterval(timer)
  return { failure, stats: last ?? farm.stats() }
}

async function* given(source: Source, times: number[]) {
  for await (const n of source.inputs()) {
    times[n] = 0
    yield n
  }
}

const open = (farm: Farm, kind: string, folder: string): Promise<Machine> =>
  Machine.start({
    ...{ kind, folder, farmPort: Number(/:(\d+)$/.exec(farm.endpoint!)?.[1]) },
    start: async (ends) => lodgerOf(await FarmWorkers.join({ tasks: TASKS, ...joinTerms(ends, folder) })),
  })
