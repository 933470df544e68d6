/**
 * The command: `chaos [farm | garbage | durable | network]... [--seed SEED] [--tasks N] [--seconds S] [--verbose]`. Plays all if none is named, with
 * what it saw on stdout. It exits with 1 when a result was lost or came twice, when an honest call was not answered right, and
 * when the service under garbage grew too large. `durable` plays stories of the seeds from SEED on, for so many seconds.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { chaos } from './farm/chaos.js'
import { durableChaos } from './farm/durable-chaos.js'
import { networkChaos } from './farm/network-chaos.js'
import { garbage } from './rpc/garbage.js'

/** How much larger a service may be under garbage, in MiB. */
const GROWTH_MIB = 150
/** Something else befalls a machine or the farm about every so many tasks, and everything once. */
const TASKS_PER_DEED = 650
const DECK = 24

const { values, positionals } = parseArgs({
  options: {
    tasks: { type: 'string' },
    seed: { type: 'string' },
    seconds: { type: 'string' },
    verbose: { type: 'boolean' },
  },
  allowPositionals: true,
})
const log = values.verbose
  ? (line: string) => console.log(`${(performance.now() / 1_000).toFixed(1)} s, ${line}`)
  : undefined
const seed = Number(values.seed ?? Date.now() % 1_000_000)
const plays = {
  farm: () => playFarm(Number(values.tasks ?? 100_000)),
  garbage: () => playGarbage(Number(values.seconds ?? 60)),
  durable: () => playDurable(Number(values.seconds ?? 60)),
  network: () => playNetwork(Number(values.tasks ?? 100_000)),
}

for (const name of positionals.length === 0 ? Object.keys(plays) : positionals) {
  const play = Object.hasOwn(plays, name) ? plays[name as keyof typeof plays] : undefined
  if (play === undefined) throw new Error(`there is no chaos ${name}, but ${Object.keys(plays).join(', ')}`)
  if (!(await play())) process.exitCode = 1
}

async function playFarm(count: number): Promise<boolean> {
  let isAllRight = true
  for (const [way, options] of [
    ['map', {}],
    ['mapUnordered', { endpoint: 'tcp://127.0.0.1:*' }],
  ] as const) {
    const { killed, stopped, wrong, stats } = await chaos({ count, seed, way, options, every: [200, 1_800] })
    const { done, redelivered, restarts } = stats
    const isRight = wrong.length === 0 && done === count
    console.log(
      `${way}, seed ${seed}: ${done} of ${count} tasks done, ${killed} workers killed, ${stopped} stopped, ` +
        `${restarts} restarts, ${redelivered} tasks redelivered: ${isRight ? 'each result once' : `WRONG: ${wrong}`}`,
    )
    isAllRight &&= isRight
  }
  return isAllRight
}

async function playNetwork(least: number): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-chaos-'))
  const deeds = Math.max(DECK, Math.round(least / TASKS_PER_DEED))
  const startMs = performance.now()
  const { count, befell, wrong, stats, left } = await networkChaos({ count: least, seed, deeds, folder, log })
  const { done, redelivered } = stats
  const isRight = wrong.length === 0 && done === count && left.length === 0
  const what = Object.entries(befell).map(([name, times]) => `${name} ${times}`)
  console.log(
    `network, seed ${seed}, ${Math.round((performance.now() - startMs) / 1_000)} s: ${done} of ${count} tasks done, ` +
      `${redelivered} redelivered; ${what.join(', ')}: ` +
      (isRight ? 'each result once, nothing left' : `WRONG: ${wrong.slice(0, 10)}; left: ${left}`),
  )
  if (isRight) rmSync(folder, { recursive: true })
  return isRight
}

async function playGarbage(seconds: number): Promise<boolean> {
  const { calls, wrong, p50Ms, p99Ms, beforeMiB, mostMiB, sent } = await garbage({ seed, ms: seconds * 1_000 })
  console.log(
    `garbage, seed ${seed}, ${seconds} s: ${sent.random} random messages, ${sent.mutated} mutated frames, ${sent.raw} raw ` +
      `connections, ${sent.sessions} sessions; ${calls} honest calls, p50 ${p50Ms.toFixed(2)} ms, p99 ${p99Ms.toFixed(2)} ms; ` +
      `memory of the service ${Math.round(beforeMiB)} MiB before, ${Math.round(mostMiB)} MiB at most`,
  )
  if (wrong.length > 0) console.log(`WRONG: ${wrong.length} calls, the first: ${wrong[0]}`)
  if (mostMiB - beforeMiB > GROWTH_MIB) console.log(`WRONG: it grew by more than ${GROWTH_MIB} MiB`)
  return wrong.length === 0 && mostMiB - beforeMiB <= GROWTH_MIB
}

async function playDurable(seconds: number): Promise<boolean> {
  let isAllRight = true
  const endMs = performance.now() + seconds * 1_000
  for (let own = seed; performance.now() < endMs; own++) {
    const folder = mkdtempSync(join(tmpdir(), 'troupe-chaos-'))
    const { count, deaths, workersKilled, wrong } = await durableChaos({ seed: own, folder, deaths: 1 + (own % 8) })
    const isRight = wrong.length === 0
    const what = isRight ? 'each outcome once' : `WRONG, see ${folder}: ${wrong.slice(0, 5).join('; ')}`
    console.log(
      `durable, seed ${own}: ${count} tasks, killed ${deaths} times, ${workersKilled} workers killed: ${what}`,
    )
    if (isRight) rmSync(folder, { recursive: true })
    isAllRight &&= isRight
  }
  return isAllRight
}
