/**
 * The command: `fuzz [--frames N] [--seed SEED] [--only DECODER]...`. Mutates real messages and gives them to all that makes
 * values of bytes from outside, and to a farm and a service that are up. It says how many each took and refused, how fast, and
 * how much memory there was, and exits with 1 when a decoder threw what it should not, hung, or changed a prototype, when memory
 * grew, and when the honest were not served. What was guilty is played again by `--seed SEED --only DECODER`.
 */

import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { anyEndpoint } from '@troupe/testing'
import { DECODERS } from './decoders.js'
import { fuzz } from './fuzz.js'
import { fuzzFarm, fuzzService, type Lived } from './live.js'
import { fuzzConnections } from './raw-tcp.js'

/** How much more may be in use after all than before, in MiB. */
const GROWTH_MIB = 64
/** How much memory this process may ever have, in MiB. */
const MOST_MIB = 1_024
/** The share of the messages that goes to those that are up. */
const LIVE_SHARE = 0.1

const { values } = parseArgs({
  options: { frames: { type: 'string' }, seed: { type: 'string' }, only: { type: 'string', multiple: true } },
})
const frames = Number(values.frames ?? 1_000_000)
const seed = Number(values.seed ?? Date.now() % 1_000_000)

const LIVE: Readonly<Record<string, (frames: number) => Promise<Lived>>> = {
  'farm, live': (count) => fuzzFarm(count, seed),
  'rpc, live tcp': (count) => fuzzService('tcp://127.0.0.1:*', count, seed),
  'rpc, live ipc': (count) => fuzzService(anyEndpoint('ipc'), count, seed),
  'tcp, farm': (count) => fuzzConnections('farm', false, count, seed),
  'tcp, farm, CURVE': (count) => fuzzConnections('farm', true, count, seed),
  'tcp, service': (count) => fuzzConnections('service', false, count, seed),
  'tcp, service, CURVE': (count) => fuzzConnections('service', true, count, seed),
}
const isWanted = (name: string) => values.only === undefined || values.only.some((part) => name.includes(part))
const decoders = DECODERS.filter(({ name }) => isWanted(name))
const live = Object.entries(LIVE).filter(([name]) => isWanted(name))
if (decoders.length + live.length === 0)
  throw new Error(
    `nothing has that name, but ${[...DECODERS.map(({ name }) => name), ...Object.keys(LIVE)].join('; ')}`,
  )

const liveFrames = decoders.length === 0 ? frames : live.length === 0 ? 0 : Math.round(frames * LIVE_SHARE)
const share = (all: number, among: number) => Math.ceil(all / Math.max(1, among))
console.log(`fuzz --frames ${frames} --seed ${seed}`)
// A decoder makes its readers and its strings when it first reads.
for (const decoder of decoders) fuzz(decoder, 2_000, seed + 1)
const beforeMiB = usedMiB()
let [all, mostMiB] = [0, 0]

for (const decoder of decoders) {
  const fuzzed = fuzz(decoder, share(frames - liveFrames, decoders.length), seed)
  const { taken, refused, seconds, guilty } = fuzzed
  all += fuzzed.frames
  mostMiB = Math.max(mostMiB, fuzzed.mostMiB)
  say(fuzzed.name, fuzzed.frames, seconds, `${taken} taken, ${refused} refused`)
  if (guilty !== undefined) {
    const { number, why, parts } = guilty
    const bytes = parts.map((hex) => (hex.length > 4_000 ? `${hex.slice(0, 4_000)}... (${hex.length / 2} bytes)` : hex))
    fail(`message ${number} of --seed ${seed} --only '${fuzzed.name}': ${why}\n  parts: ${bytes.join(' | ')}`)
  }
}
for (const [name, play] of live) {
  const { frames: sent, refused, honest, seconds, wrong } = await play(share(liveFrames, live.length))
  all += sent
  say(name, sent, seconds, `${refused} refused, ${honest} honest calls answered`)
  for (const what of wrong.slice(0, 5)) fail(`${name}: ${what}`)
}
const grownMiB = usedMiB() - beforeMiB
mostMiB = Math.max(mostMiB, process.resourceUsage().maxRSS / 1_024)
console.log(
  `${all} messages; memory: ${Math.round(mostMiB)} MiB at most, ${Math.round(grownMiB)} MiB more in use than before`,
)
if (grownMiB > GROWTH_MIB) fail(`what is in use grew by more than ${GROWTH_MIB} MiB`)
if (mostMiB > MOST_MIB) fail(`it had more than ${MOST_MIB} MiB`)

function say(name: string, count: number, seconds: number, what: string): void {
  console.log(
    `${name.padEnd(16)} ${String(count).padStart(8)} messages, ${String(Math.round(count / seconds)).padStart(7)} a second: ${what}`,
  )
}

function fail(why: string): void {
  console.log(`WRONG: ${why}`)
  process.exitCode = 1
}

/** What is in use once what is not was collected, in MiB. */
function usedMiB(): number {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return (heapUsed + arrayBuffers) / 2 ** 20
}
