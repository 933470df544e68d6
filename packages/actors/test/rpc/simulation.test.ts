import { contract, procedure } from '@troupe/actors/rpc'
import { SimulatedClock, TroupeError } from '@troupe/core'
import { type Seeded, seeded } from '@troupe/testing/seeded'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { clientOf } from '../../dist/rpc/client/client.js'
import { FAIR, SimulatedNetwork, type Weather } from './simulated-network.js'

const jobs = contract('jobs', {
  procedures: {
    double: procedure({ input: z.number(), output: z.number(), idempotent: true }),
    once: procedure({ input: z.string(), output: z.string() }),
    count: procedure({ input: z.number(), stream: { out: z.number() } }),
    sum: procedure({ stream: { in: z.number() }, output: z.number() }),
    triple: procedure({ stream: { in: z.number(), out: z.number() } }),
    stuck: procedure({ output: z.string(), timeoutMs: 300 }),
  },
})

/** How a call may end that did not end well. */
const FAILURES = [
  'TIMEOUT',
  'ABORTED',
  'SERVER_LOST',
  'UNAVAILABLE',
  'OVERLOADED',
  'PROTOCOL_ERROR',
  'CIRCUIT_OPEN',
  'CLOSED',
]

interface Outcome {
  readonly what: string
  readonly failure?: string
}

const SEEDS = Number(process.env.RPC_SEEDS ?? 150)
const WEATHERS: Record<string, Weather> = {
  fair: FAIR,
  'of late frames': { ...FAIR, lateMs: 120 },
  'that loses, doubles and reorders frames': { lost: 4, doubled: 8, overtaken: 4, lateMs: 5 },
}

it.each(Object.entries(WEATHERS))(
  'every call has one right end, and what is not idempotent runs at most once, in weather %s, whatever servers do',
  async (_, weather) => {
    const failed = new Map<string, number>()
    let done = 0
    for (let seed = 1; seed <= SEEDS / 3; seed++) {
      for (const { failure } of await story(seed, weather)) {
        if (failure === undefined) done++
        else failed.set(failure, (failed.get(failure) ?? 0) + 1)
      }
    }
    // Neither does all fail, nor does nothing befall anybody.
    expect(done).toBeGreaterThan(SEEDS)
    expect([...failed.keys()].sort()).toEqual(expect.arrayContaining(['ABORTED', 'SERVER_LOST', 'TIMEOUT']))
  },
  120_000,
)

/** A client with calls of all kinds, and three servers that freeze, die and come back. */
async function story(seed: number, weather: Weather): Promise<Outcome[]> {
  const random = seeded(seed)
  const clock = new SimulatedClock()
  const runs = new Map<string, number>()
  const pause = (ms: number) => new Promise<void>((resolve) => clock.setTimeout(resolve, ms))
  const network = new SimulatedNetwork(
    clock,
    random,
    jobs,
    {
      double: async (value) => {
        await pause(random.whole(0, 30))
        return 2 * value
      },
      once: async (key) => {
        runs.set(key, (runs.get(key) ?? 0) + 1)
        await pause(random.whole(0, 30))
        return key
      },
      count: async function* (count) {
        for (let next = 0; next < count; next++) {
          if (random.chance(0.3)) await pause(random.whole(0, 10))
          yield next
        }
      },
      sum: async (_, incoming) => {
        let sum = 0
        for await (const value of incoming) sum += value
        return sum
      },
      triple: async function* (_, incoming) {
        for await (const value of incoming) yield 3 * value
      },
      stuck: (_, { signal }) =>
        new Promise((__, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    },
    weather,
  )
  const servers = network.serve('a', 'b', 'c')
  const core = network.client({
    hedgeAfterMs: random.pick([0, 20]),
    balance: random.pick(['least_pending', 'round_robin'] as const),
    waitForServerMs: 400,
    reconnect: { minMs: 10, maxMs: 100 },
  })
  const client = clientOf(jobs, core)
  const outcomes: Promise<Outcome>[] = []
  const call = (what: string, make: () => Promise<unknown>, wanted: unknown) =>
    outcomes.push(
      make().then(
        (given) => {
          expect([seed, what, given]).toEqual([seed, what, wanted])
          return { what }
        },
        (error: unknown) => {
          const code = error instanceof TroupeError ? error.code : String(error)
          expect([seed, what, FAILURES]).toEqual([seed, what, expect.arrayContaining([code])])
          return { what, failure: code }
        },
      ),
    )
  for (let turn = 0; turn < 40; turn++) {
    makeCalls(client, random, turn, call)
    befall(servers, random, clock.now())
    await network.pass(random.whole(2, 30))
  }
  for (const server of servers) server.start()
  await network.pass(2_000, 10)
  // Whatever waits still must not: nothing has a longer time than has gone by.
  const stuck = Symbol('stuck')
  const ended = await Promise.all(outcomes.map((outcome) => Promise.race([outcome, settledSoon(stuck)])))
  expect([seed, ended.filter((outcome) => (outcome as unknown) === stuck)]).toEqual([seed, []])
  expect([seed, [...runs].filter(([, count]) => count > 1)]).toEqual([seed, []])
  await Promise.all([client.close(), network.pass(300, 10)])
  expect([seed, servers.map(({ core: { stats } }) => [stats.running, stats.queued, stats.sessions])]).toEqual([
    seed,
    servers.map(() => [0, 0, 0]),
  ])
  for (const server of servers) server.stop()
  await network.pass(10_000, 1_000)
  expect([seed, clock.pending]).toEqual([seed, 0])
  return ended as Outcome[]
}

const settledSoon = (value: unknown) => new Promise((resolve) => setImmediate(() => setImmediate(() => resolve(value))))

type Call = (what: string, make: () => Promise<unknown>, wanted: unknown) => void

function makeCalls(client: ReturnType<typeof clientOf<typeof jobs>>, random: Seeded, turn: number, call: Call): void {
  const timeoutMs = random.pick([50, 200, 1_000])
  const length = random.whole(0, 20)
  const numbers = Array.from({ length }, (_, index) => index)
  const kind = random.pick(['double', 'double', 'once', 'count', 'sum', 'triple', 'stuck', 'aborted', 'left'])
  if (kind === 'double') call(`double ${turn}`, () => client.double(turn, { timeoutMs }), 2 * turn)
  if (kind === 'once') call(`once ${turn}`, () => client.once(`${turn}`, { timeoutMs }), `${turn}`)
  if (kind === 'count') call(`count ${turn}`, () => prefixOf(client.count(length, { timeoutMs }), 1), numbers)
  if (kind === 'sum') {
    call(
      `sum ${turn}`,
      () => client.sum(undefined, numbers, { timeoutMs }),
      numbers.reduce((sum, one) => sum + one, 0),
    )
  }
  if (kind === 'triple') {
    const tripled = numbers.map((one) => 3 * one)
    call(`triple ${turn}`, () => prefixOf(client.triple(undefined, numbers, { timeoutMs }), 3), tripled)
  }
  if (kind === 'stuck') call(`stuck ${turn}`, () => client.stuck(), 'never')
  if (kind === 'aborted') {
    const abort = new AbortController()
    call(`aborted ${turn}`, () => client.double(turn, { signal: abort.signal, timeoutMs }), 2 * turn)
    setImmediate(() => abort.abort())
  }
  if (kind === 'left') {
    call(
      `left ${turn}`,
      async () => {
        for await (const item of client.count(50, { timeoutMs })) if (item === 3) return item
        return undefined
      },
      3,
    )
  }
}

/** What came of a stream: it must be the first of them, in order, also when it fails then. */
async function prefixOf(stream: AsyncIterable<number>, times: number): Promise<number[]> {
  const came: number[] = []
  for await (const item of stream) {
    expect(item).toBe(times * came.length)
    came.push(item)
  }
  return came
}

interface Befallen {
  readonly isUp: boolean
  frozenUntilMs: number
  readonly connections: ReadonlySet<{ cut(): void }>
  kill(isSeen: boolean): void
  start(): void
}

function befall(servers: readonly Befallen[], random: Seeded, nowMs: number): void {
  const server = random.pick(servers)
  if (!server.isUp) {
    if (random.chance(0.3)) server.start()
    return
  }
  const chance = random()
  if (chance < 0.04) server.kill(random.chance(0.7))
  else if (chance < 0.08) server.frozenUntilMs = nowMs + random.whole(10, 400)
  else if (chance < 0.12) for (const connection of [...server.connections]) connection.cut()
}
