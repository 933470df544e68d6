/**
 * A farm whose workers have joined over a network that fails, and die, and stand still: every result must come, and once.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { Farm, type FarmStats, FarmWorkers } from '@troupe/actors/farm'
import { type Seeded, seeded } from '@troupe/testing/seeded'
import { TcpProxy } from '@troupe/testing/tcp-proxy'
import { isAlive } from '../is-alive.js'
import * as tasks from './fixtures/tasks.mjs'

const TASKS = new URL('./fixtures/tasks.mjs', import.meta.url)
const HEARTBEAT_MS = 50
/** A silence of more than this is a death. */
const LIVENESS_MS = 300
/** How many machines there are, each with workers behind a network of its own. */
const MACHINES = 3
/** How long what was told to end may take, in ms. */
const END_MS = 20_000

export interface NetworkChaosTerms {
  readonly count: number
  readonly seed: number
  /** After how many tasks something else befalls them: from, to. */
  readonly every: readonly [number, number]
}

export interface NetworkChaos {
  /** How often each thing has befallen them. */
  readonly befell: Readonly<Record<string, number>>
  /** Results that did not come, or came more than once. */
  readonly wrong: readonly number[]
  readonly stats: FarmStats
  /** Processes that were there after the end. */
  readonly left: readonly number[]
}

/** Workers that reach the farm through one bad network and are reached through another. */
class Machine {
  readonly pids = new Set<number>()
  sink!: TcpProxy
  inbox!: TcpProxy
  workers!: FarmWorkers

  static async start(farm: Farm): Promise<Machine> {
    const machine = new Machine()
    machine.sink = await TcpProxy.to(portOf(farm.endpoint!))
    machine.inbox = await TcpProxy.to(0)
    await machine.join()
    return machine
  }

  async join(): Promise<void> {
    // Its inbox is where it was promised, behind the network.
    const port = await freePort()
    this.inbox.retarget(port)
    this.workers = await FarmWorkers.join({
      tasks: TASKS,
      slots: 1,
      farm: `tcp://127.0.0.1:${this.sink.port}`,
      inbox: `tcp://127.0.0.1:${port}`,
      advertise: `127.0.0.1:${this.inbox.port}`,
      joinTimeoutMs: 60_000,
      intensity: 1_000,
      // One that hangs is killed by its owner at last, also when the farm cannot say so.
      shutdownMs: 2_000,
    })
    this.see()
  }

  get pid(): number | undefined {
    return this.workers.workers[0]?.pid
  }

  see(): void {
    if (this.pid !== undefined) this.pids.add(this.pid)
  }

  async end(): Promise<void> {
    this.see()
    for (const network of [this.sink, this.inbox]) network.heal()
    await this.workers.stop()
    await this.sink[Symbol.asyncDispose]()
    await this.inbox[Symbol.asyncDispose]()
  }
}

/** What can befall a machine. Each ends by itself, and resolves when it has. */
const DEEDS: Readonly<Record<string, (machine: Machine, random: Seeded, farm: Farm) => Promise<void>>> = {
  async 'worker killed'({ pid }) {
    signal(pid, 'SIGKILL')
  },
  async 'worker stopped for a while'({ pid }, random) {
    signal(pid, 'SIGSTOP')
    await delay(random.whole(50, 3 * LIVENESS_MS))
    signal(pid, 'SIGCONT')
  },
  async 'both connections cut'({ sink, inbox }) {
    sink.cut()
    inbox.cut()
  },
  async 'connection to the farm cut'({ sink }) {
    sink.cut()
  },
  async 'connection to the worker cut'({ inbox }) {
    inbox.cut()
  },
  async 'network down'({ sink, inbox }, random) {
    sink.down()
    inbox.down()
    await delay(random.whole(50, 2_000))
    sink.heal()
    inbox.heal()
  },
  async 'farm not reached'({ sink }, random) {
    sink.swallow()
    await delay(random.whole(50, 1_500))
    sink.heal()
  },
  async 'worker not reached'({ inbox }, random) {
    inbox.swallow()
    await delay(random.whole(50, 1_500))
    inbox.heal()
  },
  async 'network slow'({ sink, inbox }, random) {
    const ms = random.whole(5, 100)
    sink.slow(ms)
    inbox.slow(ms)
    await delay(500)
    sink.heal()
    inbox.heal()
  },
  async 'left and joined'(machine) {
    await machine.workers.leave()
    await machine.join()
  },
  async 'farm paused'(_, random, farm) {
    farm.pause()
    await delay(random.whole(10, 300))
    farm.resume()
  },
}

export async function networkChaos({ count, seed, every }: NetworkChaosTerms): Promise<NetworkChaos> {
  const random = seeded(seed)
  const farm = await Farm.start({
    ...{ tasks: TASKS, workers: 0, endpoint: 'tcp://127.0.0.1:*', joinable: true },
    ...{ heartbeatMs: HEARTBEAT_MS, livenessMs: LIVENESS_MS },
  })
  const machines = await Promise.all(Array.from({ length: MACHINES }, () => Machine.start(farm)))
  const times = new Array<number>(count).fill(0)
  const befell: Record<string, number> = {}
  const underway = new Map<Machine, Promise<void>>()
  let nextAt = random.whole(...every)
  const timer = setInterval(() => {
    for (const machine of machines) machine.see()
    const free = machines.filter((machine) => !underway.has(machine))
    if (farm.stats().done < nextAt || free.length === 0) return
    nextAt = farm.stats().done + random.whole(...every)
    const machine = random.pick(free)
    const name = random.pick(Object.keys(DEEDS))
    befell[name] = (befell[name] ?? 0) + 1
    const deed = DEEDS[name]!(machine, random, farm).finally(() => underway.delete(machine))
    underway.set(machine, deed)
  }, 5)
  let failure: unknown
  try {
    for await (const output of farm.mapUnordered(tasks.doubleLater, times.keys())) times[output / 2]!++
  } catch (error) {
    failure = error
  }
  clearInterval(timer)
  await Promise.all(underway.values())
  const stats = farm.stats()
  await Promise.all(machines.map((machine) => machine.end()))
  await farm.stop()
  if (failure !== undefined) throw failure
  const wrong = [...times.keys()].filter((n) => times[n] !== 1)
  const pids = machines.flatMap((machine) => [...machine.pids])
  const byMs = performance.now() + END_MS
  while (pids.some(isAlive) && performance.now() < byMs) await delay(10)
  return { befell, wrong, stats, left: pids.filter(isAlive) }
}

function signal(pid: number | undefined, name: NodeJS.Signals): void {
  // It may have died meanwhile.
  if (pid !== undefined && isAlive(pid)) process.kill(pid, name)
}

const portOf = (endpoint: string): number => Number(/:(\d+)$/.exec(endpoint)?.[1])

async function freePort(): Promise<number> {
  const { createServer } = await import('node:net')
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}
