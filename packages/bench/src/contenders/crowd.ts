/**
 * Our farm with many workers that have joined over tcp: a few processes, but every worker has its own sockets, session and seat.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Farm, type FarmOptions } from '@troupe/actors/farm'
import type { Contender } from '../contender.js'
import { pointsTo, Tally } from '../point.js'
import { TASKS, troupe } from './troupe.js'

const MAIN = fileURLToPath(new URL('./crowd.main.js', import.meta.url))
const PROCESSES = 2
/** Tasks that each worker may have, of those that are read and not yet given. */
const EACH = 64

/** A farm with so many workers, which all take tasks, and what ends both. */
export async function openCrowd(count: number, options: Partial<FarmOptions> = {}) {
  const farm = await Farm.start({
    ...{ tasks: new URL('./troupe.tasks.js', import.meta.url), workers: 0 },
    ...{ endpoint: 'tcp://127.0.0.1:*', joinable: true, ...options },
  })
  const shares = Array.from({ length: PROCESSES }, () => Math.floor(count / PROCESSES))
  const children = count === 0 ? [] : shares.map((share) => fork(MAIN, [farm.endpoint!, String(share)]))
  while (farm.stats().workerStates.idle < count) await delay(20)
  return {
    farm,
    children,
    async stop(): Promise<void> {
      await Promise.all(children.map(endOf))
      await farm.stop()
    },
  }
}

async function endOf(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  await exited
}

/** With equal work in flight for each worker, however many there are. */
export const crowdOf = (count: number): Contender => ({
  name: `troupe farm, ${count.toLocaleString('en')} joined`,
  abilities: troupe.abilities,
  async start({ task }) {
    // A farm that only waits is not to take its heartbeats from the one that is measured.
    const calm = { heartbeatMs: 10_000, livenessMs: 60_000 }
    const { farm, stop } = await openCrowd(count, { ...calm, reorderWindow: EACH * count })
    return {
      async map(length) {
        const tally = new Tally()
        for await (const output of farm.mapUnordered(TASKS[task], pointsTo(length))) tally.take(output)
        return tally
      },
      stop,
    }
  },
})

export const pairOfWorkers = crowdOf(2)
export const thousandWorkers = crowdOf(1_000)
