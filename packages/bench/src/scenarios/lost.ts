/**
 * A worker that has joined over tcp is lost while it holds tasks, by its death and by its silence: how soon they run elsewhere.
 */
import { Farm, FarmWorkers } from '@troupe/actors/farm'
import type { Scenario } from '../scenario.js'
import { median, summarize } from '../statistics.js'
import { figure } from '../table.js'
import { feed, isBusy, nowMs, repeat, TASK_FILE, until } from './under-load.js'

const KILL_WITHIN_MS = 100
const HEARTBEAT_MS = 1_000
const LIVENESS_MS = 5_000
const SILENCE_WITHIN_MS = LIVENESS_MS + 1.5 * HEARTBEAT_MS

export const lost: Scenario = async ({ workers, rounds, quick }) => {
  const [heartbeatMs, livenessMs] = quick ? [50, 200] : [HEARTBEAT_MS, LIVENESS_MS]
  await using farm = await Farm.start({
    ...{ tasks: TASK_FILE, workers: 0, endpoint: 'tcp://127.0.0.1:*', joinable: true, heartbeatMs, livenessMs },
  })
  await using _ = await FarmWorkers.join({ tasks: TASK_FILE, slots: workers, farm: farm.endpoint!, intensity: 1_000 })
  await using load = feed(farm)
  const lose = (signal: 'SIGKILL' | 'SIGSTOP') => () => loseOne(farm, load.again, workers, signal)
  const killed = await repeat(rounds, lose('SIGKILL'))
  const silent = await repeat(Math.min(rounds, 3), lose('SIGSTOP'))
  const row = (what: string, all: readonly number[]) => {
    const { median: middle, min, max } = summarize(all)
    return [what, figure(middle), figure(min), figure(max)]
  }
  const within = (what: string, wantedMs: number, all: readonly number[]) => {
    const ms = median(all)
    return { what, wanted: `within ${figure(wantedMs)} ms`, measured: `${figure(ms)} ms`, met: ms <= wantedMs }
  }
  return {
    title: 'A worker that has joined is lost',
    text:
      `${rounds} kills with -9, then ${silent.length} stops with SIGSTOP, of a worker that holds tasks that spin 1 ms. Heartbeats of ` +
      `${figure(heartbeatMs)} ms, \`livenessMs\` ${figure(livenessMs)}: the limit of silence.`,
    tables: [
      {
        head: ['ms until the first of its tasks runs elsewhere', 'median', 'min', 'max'],
        rows: [row('from its death', killed), row('from its last sign of life', silent)],
      },
    ],
    targets: [
      within('a worker that is killed, to its tasks elsewhere', KILL_WITHIN_MS, killed),
      within('a worker that falls silent, to its tasks elsewhere', SILENCE_WITHIN_MS, silent),
    ],
  }
}

/** Returns after how many ms the first of its tasks ran elsewhere. */
async function loseOne(farm: Farm, again: number[], workers: number, signal: 'SIGKILL' | 'SIGSTOP'): Promise<number> {
  await until(() => farm.stats().workers.filter(isBusy).length === workers)
  again.length = 0
  const pid = farm.stats().workers[0]!.pid!
  process.kill(pid, signal)
  const lostAt = nowMs()
  await until(() => again.length > 0)
  const afterMs = Math.min(...again) - lostAt
  if (signal === 'SIGSTOP') process.kill(pid, 'SIGCONT')
  return afterMs
}
