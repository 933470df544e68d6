/**
 * A service that a peer sends garbage to while an honest client calls it; the service and the peer are processes.
 */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type Client, connect } from '@troupe/actors/rpc'
import { kitchen } from './fixtures/kitchen-contract.mjs'

export interface GarbageTerms {
  readonly seed: number
  /** How long the garbage lasts, in ms. */
  readonly ms: number
}

export interface Garbage {
  /** How many honest calls were made beside the garbage, and what was wrong with those that were not answered right. */
  readonly calls: number
  readonly wrong: readonly string[]
  /** How long the honest calls took, in ms. */
  readonly p50Ms: number
  readonly p99Ms: number
  /** The memory of the service before the garbage, and the most of it since, in MiB. */
  readonly beforeMiB: number
  readonly mostMiB: number
  readonly sent: GarbageSent
}

export interface GarbageSent {
  /** Messages of random bytes, and mutated real frames. */
  readonly random: number
  readonly mutated: number
  /** Connections that do not speak ZMTP, and those that began a session. */
  readonly raw: number
  readonly sessions: number
}

/** How many honest calls are under way at once. */
const AT_ONCE = 8
// A busy machine may keep a process from its turn for a second or two: that is not what is looked for.
const SERVER = { heartbeatMs: 500, livenessMs: 10_000 }

export async function garbage({ seed, ms }: GarbageTerms): Promise<Garbage> {
  const server = run('server.mjs', JSON.stringify(SERVER))
  try {
    const endpoint = await server.line
    await using client = connect(kitchen, { endpoints: [endpoint], retries: 0, timeoutMs: 30_000 })
    const seen: Seen = { times: [], wrong: [] }
    // What it needs to serve at all it has by then.
    for (let n = 0; n < 400; n += AT_ONCE) await callAtOnce(client, { times: [], wrong: seen.wrong })
    const beforeMiB = memoryMiB(server.pid)
    let mostMiB = beforeMiB
    const look = setInterval(() => (mostMiB = Math.max(mostMiB, memoryMiB(server.pid))), 200)
    try {
      const sent = await callWhile(client, seen, run('garbage-peer.mjs', endpoint, String(seed), String(ms)).line)
      return { ...summaryOf(seen), beforeMiB, mostMiB, sent: JSON.parse(sent) }
    } finally {
      clearInterval(look)
    }
  } finally {
    await server.end()
  }
}

interface Seen {
  readonly times: number[]
  readonly wrong: string[]
}

async function callWhile(client: Client<typeof kitchen>, seen: Seen, line: Promise<string>): Promise<string> {
  let isOver = false
  const end = () => {
    isOver = true
  }
  line.then(end, end)
  while (!isOver) await callAtOnce(client, seen)
  await callAtOnce(client, seen)
  return line
}

async function callAtOnce(client: Client<typeof kitchen>, { times, wrong }: Seen): Promise<void> {
  const one = async (text: string) => {
    const began = performance.now()
    const answer = await client.echo(text).catch((error: Error) => error)
    times.push(performance.now() - began)
    if (answer !== text) wrong.push(String(answer))
  }
  await Promise.all(Array.from({ length: AT_ONCE }, (_, n) => one(`${times.length}-${n}`)))
}

function summaryOf({ times, wrong }: Seen) {
  const sorted = [...times].sort((a, b) => a - b)
  const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)]!
  return { calls: sorted.length, wrong, p50Ms: at(0.5), p99Ms: at(0.99) }
}

/** Runs a program of the fixtures; `line` is the first line that it writes. */
function run(name: string, ...args: string[]) {
  const file = fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url))
  const child = spawn(process.execPath, [file, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const line = Promise.race([
    once(createInterface(child.stdout), 'line').then(([text]) => String(text)),
    exited.then(([code, signal]) => Promise.reject(new Error(`${name} ended with ${code ?? signal}`))),
  ])
  line.catch(() => undefined)
  const end = async () => {
    child.kill('SIGKILL')
    await exited
  }
  return { pid: child.pid!, line, end }
}

/** The resident memory of a process. */
const memoryMiB = (pid: number) =>
  Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) / 1_024
