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
import { type Point, pointOf } from '../point.js'
import type { Scenario, Section } from '../scenario.js'
import { median, summarize } from '../statistics.js'
import { figure } from '../table.js'
import { feed, isBusy, nowMs, repeat, TASK_FILE, until } from './under-load.js'

const WANTED_MS = 100
/** What the hand-written pool has not answered by then it never will: all it holds is done in a part of that. */
const LOST_AFTER_MS = 2_000

/** Times from the kill, in ms. */
interface Aftermath {
  readonly held: number
  readonly noticedMs: number
  readonly firstMs: number
  readonly lastMs: number
  readonly readyMs: number
}

/** How long a node process takes from its fork to its first message, in ms. */
interface Starts {
  readonly bareMs: number[]
  /** After it has imported the task file. */
  readonly loadedMs: number[]
}

export const kill: Scenario = async ({ workers, rounds, quick }) => {
  // A replacement starts beside one worker less, and so do the starts that it is compared with.
  const starts = await underLoad(workers - 1, () => measureStarts(rounds))
  const kills = await underLoad(workers, (farm, again) => repeat(rounds, () => killOne(farm, again)))
  const handWritten = await killChildPoolWorker(workers, quick ? LOST_AFTER_MS / 2 : LOST_AFTER_MS)
  const row = (what: string, values: readonly number[]) => {
    const { median: middle, min, max } = summarize(values)
    return [what, figure(middle), figure(min), figure(max)]
  }
  const of = (key: keyof Aftermath) => kills.map((one) => one[key])
  return {
    title: 'kill -9 of a worker that holds tasks',
    text:
      `${rounds} kills under ${IN_FLIGHT} submits in flight of tasks that spin 1 ms; a witness task says when it ran and which ` +
      'try it was. What was held runs one task a worker until it is done, to find out which of them kills. The starts ' +
      `beside are of the same minute, under the load of the workers that are left. ${handWritten} piscina and tinypool run threads: kill -9 takes the ` +
      'whole program. Python: Pool.map waits for ever.',
    tables: [
      {
        head: ['troupe farm, ms from the kill', 'median', 'min', 'max'],
        rows: [
          row('tasks that it held (number)', of('held')),
          row('its tasks are given out again', of('noticedMs')),
          row('the first of them runs elsewhere', of('firstMs')),
          row('the last of them runs elsewhere', of('lastMs')),
          row('the replacement takes tasks', of('readyMs')),
          row('beside: start of a bare node', starts.bareMs),
          row('beside: start of a node that imports the task file', starts.loadedMs),
        ],
      },
    ],
    targets: targetsOf(of, starts),
  }
}

function targetsOf(of: (key: keyof Aftermath) => number[], { bareMs, loadedMs }: Starts): Section['targets'] {
  const within = (what: string, ms: number) => {
    return { what, wanted: `within ${WANTED_MS} ms`, measured: `${figure(ms)} ms`, met: ms <= WANTED_MS }
  }
  const readyMs = median(of('readyMs'))
  return [
    within('kill to the first of its tasks elsewhere', median(of('firstMs'))),
    within('kill to the last of its tasks elsewhere', median(of('lastMs'))),
    within('kill to the replacement, less the start of a bare node', readyMs - median(bareMs)),
    within('kill to the replacement, less the start of a node with the task file', readyMs - median(loadedMs)),
  ]
}

/** Runs `during` while a farm is kept busy. `again` gets the time of each task that runs for the second time. */
async function underLoad<T>(workers: number, during: (farm: Farm, again: number[]) => Promise<T>): Promise<T> {
  await using farm = await Farm.start({ tasks: TASK_FILE, workers })
  await using load = feed(farm)
  await until(() => farm.stats().workers.every(isBusy))
  return await during(farm, load.again)
}

async function killOne(farm: Farm, again: number[]): Promise<Aftermath> {
  await until(() => farm.stats().workers.every(isBusy))
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
  return { held, noticedMs, firstMs, lastMs, readyMs }
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

async function measureStarts(rounds: number): Promise<Starts> {
  const bareMs = await repeat(rounds, () => startMs())
  const loadedMs = await repeat(rounds, () => startMs(TASK_FILE.href))
  return { bareMs, loadedMs }
}

async function startMs(module?: string): Promise<number> {
  const began = performance.now()
  const child = fork(fileURLToPath(new URL('../start-probe.js', import.meta.url)), module === undefined ? [] : [module])
  await once(child, 'message')
  const took = performance.now() - began
  await once(child, 'exit')
  return took
}
