/**
 * A farm with a thousand workers: its rate beside that with two, and what each worker costs.
 */
import { readdirSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { Farm } from '@troupe/actors/farm'
import { openCrowd, pairOfWorkers, thousandWorkers } from '../contenders/crowd.js'
import { TASKS } from '../contenders/troupe.js'
import { pointsTo } from '../point.js'
import { hasProc } from '../process-tree.js'
import type { Scenario } from '../scenario.js'
import { figure } from '../table.js'
import { rateTable, rateTarget } from '../throughput.js'
import { listRates } from './list-rates.js'

/** Long enough for the start, where each of many workers gets little at once, not to count. */
const LENGTH = 1_000_000
/** How long a farm is watched that has nothing to do, in ms. */
const IDLE_MS = 10_000
/** Tasks of each worker before those that are measured: half as many. */
const EACH = 20

export const crowd: Scenario = async (options) => {
  const { quick } = options
  const sizes = quick ? [0, 10] : [0, 100, 1_000]
  const costs: Cost[] = []
  for (const size of sizes) costs.push(await costOf(size, quick ? 200 : IDLE_MS))
  const pools = quick ? [pairOfWorkers] : [pairOfWorkers, thousandWorkers]
  const length = quick ? 5_000 : LENGTH
  const summaries = await listRates(pools, 1, options, length)
  return {
    title: 'A thousand workers',
    text:
      `The workers are in two processes, each with its own sockets and session. The rate is of no-op tasks, mapUnordered over ${figure(length)}, ` +
      'with 64 tasks for each worker at the most that are read and not yet given (`reorderWindow`), and heartbeats of 10 s, so that the ' +
      `farm that waits costs the other little. The costs are of the farm's process alone, at heartbeats of 1 s; idle: over ${figure(IDLE_MS / 1_000)} s. A task goes alone where each worker may have one: its microseconds are of the processor, in both threads.`,
    tables: [rateTable(pools, summaries, pairOfWorkers.name), costTable(costs)],
    targets: rateTarget(
      { ours: thousandWorkers, peer: pairOfWorkers, least: 0.7 },
      summaries.has(thousandWorkers.name) ? summaries : new Map(),
    ),
  }
}

interface Cost {
  readonly workers: number
  readonly joinedMs: number
  readonly rssMib: number
  readonly descriptors: number
  /** Of one core. */
  readonly idleShare: number
  /** Of the processor, for each task where each goes alone. */
  readonly taskUs: number
}

async function costOf(workers: number, idleMs: number): Promise<Cost> {
  const began = performance.now()
  // With a window of one task for each, every task goes alone.
  const { farm, stop } = await openCrowd(workers, { reorderWindow: Math.max(1, workers) })
  const joinedMs = performance.now() - began
  // The welcome is over, and what it left is collected some time.
  await delay(idleMs / 5)
  const before = process.cpuUsage()
  await delay(idleMs)
  const { user, system } = process.cpuUsage(before)
  const cost: Cost = {
    ...{ workers, joinedMs, rssMib: process.memoryUsage.rss() / 2 ** 20 },
    descriptors: hasProc ? readdirSync('/proc/self/fd').length : Number.NaN,
    idleShare: (user + system) / 1_000 / idleMs,
    taskUs: await taskUs(farm, workers),
  }
  await stop()
  return cost
}

async function taskUs(farm: Farm, workers: number): Promise<number> {
  if (workers === 0) return Number.NaN
  const all = async (count: number) => {
    for await (const _ of farm.mapUnordered(TASKS.noop, pointsTo(count)));
  }
  await all(EACH * workers)
  const before = process.cpuUsage()
  await all(2 * EACH * workers)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / (2 * EACH * workers)
}

function costTable(costs: readonly Cost[]) {
  return {
    head: ['workers', 'joined after, ms', 'RSS, MiB', 'descriptors', 'idle, of one core', 'us a task that goes alone'],
    rows: costs.map(({ workers, joinedMs, rssMib, descriptors, idleShare, taskUs }) => {
      const known = [figure(workers), workers === 0 ? '' : figure(joinedMs), figure(rssMib), figure(descriptors)]
      return [...known, `${(100 * idleShare).toFixed(1)} %`, workers === 0 ? '' : figure(taskUs)]
    }),
  }
}
