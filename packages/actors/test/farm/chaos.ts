/**
 * A farm whose workers are killed and stopped at random while it works: every result must come, and once.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { Farm, type FarmOptions } from '@troupe/actors/farm'
import { type Seeded, seeded } from '@troupe/testing/seeded'
import * as tasks from './fixtures/tasks.mjs'

export interface ChaosTerms {
  /** How many tasks. */
  readonly count: number
  readonly seed: number
  readonly way: 'map' | 'mapUnordered'
  readonly options?: Partial<FarmOptions>
  /** After how many tasks another worker dies: from, to. */
  readonly every: readonly [number, number]
}

export interface Chaos {
  /** How many workers were killed with SIGKILL, and how many were stopped with SIGSTOP. */
  readonly killed: number
  readonly stopped: number
  /** Results that did not come, or came more than once. */
  readonly wrong: readonly number[]
  readonly stats: ReturnType<Farm['stats']>
}

/** How long it waits at the end until every worker that died has been replaced, in ms. */
const REPLACED_MS = 20_000

export async function chaos({ count, seed, way, options, every }: ChaosTerms): Promise<Chaos> {
  const random = seeded(seed)
  const file = new URL('./fixtures/tasks.mjs', import.meta.url)
  await using farm = await Farm.start({ tasks: file, workers: 3, heartbeatMs: 50, livenessMs: 250, ...options })
  const times = new Array<number>(count).fill(0)
  const victims = new Map<number, NodeJS.Signals>()
  let nextAt = random.whole(...every)
  // By the clock, for the results of an ordered map come in bursts, behind one that took long.
  const timer = setInterval(() => {
    const { done } = farm.stats()
    if (done >= nextAt && disturb(farm, random, victims)) nextAt = done + random.whole(...every)
  }, 5)
  for await (const output of farm[way](tasks.doubleLater, times.keys())) times[output / 2]!++
  clearInterval(timer)
  const byMs = performance.now() + REPLACED_MS
  while (farm.stats().restarts < victims.size && performance.now() < byMs) await delay(10)
  const wrong = [...times.keys()].filter((n) => times[n] !== 1)
  const dead = (signal: NodeJS.Signals) => [...victims.values()].filter((other) => other === signal).length
  return { killed: dead('SIGKILL'), stopped: dead('SIGSTOP'), wrong, stats: farm.stats() }
}

/** Kills or stops, in turn, a worker that holds tasks; false if there is none that was not signalled before. */
function disturb(farm: Farm, random: Seeded, victims: Map<number, NodeJS.Signals>): boolean {
  const busy = farm.stats().workers.filter(({ pid, state, held }) => {
    return state === 'working' && held > 0 && pid !== undefined && !victims.has(pid)
  })
  if (busy.length === 0) return false
  const pid = random.pick(busy).pid!
  const signal = victims.size % 2 === 0 ? 'SIGKILL' : 'SIGSTOP'
  victims.set(pid, signal)
  return process.kill(pid, signal)
}
