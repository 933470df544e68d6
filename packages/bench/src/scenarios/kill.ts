/**
 * A worker is killed while it holds tasks: how soon they run elsewhere, and how soon it is replaced.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Farm, type WorkerStats } from '@troupe/actors/farm'
import { IN_FLIGHT } from '../contender.js'
import { startChildPool } from '../contenders/child-pool.js'
import { witness } from '../contenders/troupe.tasks.js'
import { type Point, pointOf } from '../point.js'
import type { Scenario, Section } from '../scenario.js'
import { median, summarize } from '../statistics.js'
import { figure } from '../table.js'

const WANTED_MS = 100
const POLL_MS = 1
/** What the hand-written pool has not answered by then it never will: all it holds is done in a part of that. */
const LOST_AFTER_MS = 2_000

/** Times from the kill, in ms. */
interface Aftermath {
  readonly held: number
  readonly noticedMs: number
  readonly firstMs: number
  readonly lastMs: number
  readonly readyMs: number
  /** Beside it, under the same load. */
  readonly bareStartMs: number
  readonly loadedStartMs: number
}

export const kill: Scenario = async ({ workers, rounds, quick }) => {
  const kills = await killFarmWorkers(workers, rounds)
  const handWritten = await killChildPoolWorker(workers, quick ? LOST_AFTER_MS / 2 : LOST_AFTER_MS)
  const row = (what: string, of: (kill: Aftermath) => number) => {
    const { median: middle, min, max } = summarize(kills.map(of))
    return [what, figure(middle), figure(min), figure(max)]
  }
  return {
    title: 'kill -9 of a worker that holds tasks',
    text:
      `${rounds} kills under ${IN_FLIGHT} submits in flight of tasks that spin 1 ms; a witness task says when it ran and which ` +
      'try it was. What was held runs one task a worker until it is done, to find out which of them kills. The starts ' +
      `beside are of this machine under the same load. ${handWritten} piscina and tinypool run threads: kill -9 takes the ` +
      'whole program. Python: Pool.map waits for ever.',
    tables: [
      {
        head: ['troupe farm, ms from the kill', 'median', 'min', 'max'],
        rows: [
          row('tasks that it held (number)', ({ held }) => held),
          row('its tasks are given out again', ({ noticedMs }) => noticedMs),
          row('the first of them runs elsewhere', ({ firstMs }) => firstMs),
          row('the last of them runs elsewhere', ({ lastMs }) => lastMs),
          row('the replacement takes tasks', ({ readyMs }) => readyMs),
          row('beside: start of a bare node', ({ bareStartMs }) => bareStartMs),
          row('beside: start of a node that imports the task file', ({ loadedStartMs }) => loadedStartMs),
        ],
      },
    ],
    targets: targetsOf(kills),
  }
}

function targetsOf(kills: readonly Aftermath[]): Section['targets'] {
  const within = (what: string, of: (kill: Aftermath) => number) => {
    const ms = median(kills.map(of))
    return { what, wanted: `within ${WANTED_MS} ms`, measured: `${figure(ms)} ms`, met: ms <= WANTED_MS }
  }
  return [
    within('kill to the first of its tasks elsewhere', ({ firstMs }) => firstMs),
    within('kill to the last of its tasks elsewhere', ({ lastMs }) => lastMs),
    within(
      'kill to the replacement, less the start of a bare node',
      ({ readyMs, bareStartMs }) => readyMs - bareStartMs,
    ),
    within(
      'kill to the replacement, less the start of a node with the task file',
      ({ readyMs, loadedStartMs }) => readyMs - loadedStartMs,
    ),
  ]
}

async function killFarmWorkers(workers: number, rounds: number): Promise<Aftermath[]> {
  await using farm = await Farm.start({ tasks: new URL('../contenders/troupe.tasks.js', import.meta.url), workers })
  const again: number[] = []
  let fed = true
  const caller = async () => {
    for (let id = 0; fed; id++) {
      const { x: began, y: attempt } = await farm.submit(witness, pointOf(id))
      if (attempt > 1) again.push(began)
    }
  }
  const callers = Promise.all(Array.from({ length: IN_FLIGHT }, caller))
  const kills: Aftermath[] = []
  for (let round = 0; round < rounds; round++) kills.push(await killOne(farm, again))
  fed = false
  await callers
  return kills
}

/** Kills one worker. `again` gets the time of each task that runs for the second time. */
async function killOne(farm: Farm, again: number[]): Promise<Aftermath> {
  const bareStartMs = await startMs()
  const loadedStartMs = await startMs(new URL('../contenders/troupe.tasks.js', import.meta.url).href)
  const bothBusy = () => farm.stats().workers.every(({ held, done }) => held > 1 && done > 100)
  await until(bothBusy)
  again.length = 0
  const victim = farm.stats().workers[0]!
  const { redelivered } = farm.stats()
  process.kill(victim.pid!, 'SIGKILL')
  const killedAt = nowMs()
  await until(() => farm.stats().redelivered > redelivered)
  const noticedMs = nowMs() - killedAt
  const held = farm.stats().redelivered - redelivered
  const replaced = ({ pid, state }: WorkerStats) => pid !== victim.pid && state !== 'starting'
  await until(() => replaced(farm.stats().workers.find(({ id }) => id === victim.id)!))
  const readyMs = nowMs() - killedAt
  await until(() => again.length >= held)
  const delays = again.map((began) => began - killedAt)
  const [firstMs, lastMs] = [Math.min(...delays), Math.max(...delays)]
  return { held, noticedMs, firstMs, lastMs, readyMs, bareStartMs, loadedStartMs }
}

async function killChildPoolWorker(workers: number, afterMs: number): Promise<string> {
  const pool = await startChildPool({ task: 'spin', workers })
  let answered = 0
  const submits: Promise<Point>[] = []
  for (let id = 0; id < IN_FLIGHT; id++) submits.push(pool.submit(pointOf(id)))
  for (const submit of submits) void submit.then(() => answered++)
  process.kill(pool.pids[0]!, 'SIGKILL')
  await delay(afterMs)
  await pool.stop()
  return `The hand-written pool lost ${IN_FLIGHT - answered} of ${IN_FLIGHT} tasks in flight, whose callers wait for ever, and did not replace its worker.`
}

/** How long a node process takes from its fork to its first message, in ms, when it imports `module` first. */
async function startMs(module?: string): Promise<number> {
  const began = performance.now()
  const child = fork(fileURLToPath(new URL('../start-probe.js', import.meta.url)), module === undefined ? [] : [module])
  await once(child, 'message')
  const took = performance.now() - began
  await once(child, 'exit')
  return took
}

async function until(reached: () => boolean): Promise<void> {
  while (!reached()) await delay(POLL_MS)
}

const nowMs = (): number => performance.timeOrigin + performance.now()
