/**
 * What a farm answers that was started with `inspect`: a contract of RPC, so that any client can ask.
 */
import { z } from 'zod'
import { contract, procedure } from '../rpc/contract.js'

const count = z.number().int().nonnegative()
const ms = z.number().nonnegative()
const Times = z.object({ count, sumMs: ms, p50Ms: ms.optional(), p99Ms: ms.optional(), maxMs: ms.optional() })
const WorkerState = z.enum(['starting', 'idle', 'working', 'leaving'])

const WorkerSnapshot = z.object({
  id: z.string(),
  pid: count.optional(),
  incarnation: z.string(),
  state: WorkerState,
  isolation: z.string(),
  tags: z.array(z.string()).readonly(),
  ...{ held: count, done: count, failed: count },
  memoryMiB: z.number().nonnegative().optional(),
  identity: z.object({ publicKey: z.string(), metadata: z.record(z.string(), z.string()) }).optional(),
})

/** The stats of a farm; what is undefined there is left out. */
export const FarmSnapshot = z.object({
  state: z.string(),
  ...{ pending: count, held: count, dispatched: count, done: count, failed: count, cancelled: count },
  ...{ retried: count, redelivered: count, restarts: count, recycled: count },
  // Not of farms of an older release.
  ...{ speculated: count.default(0), denied: count.default(0), strays: count.default(0) },
  ...{ paused: z.boolean(), draining: z.boolean() },
  tasksPerSecond: z.number().nonnegative(),
  ...{ queueTime: Times, runTime: Times },
  workers: z.array(WorkerSnapshot).readonly(),
  workerStates: z.record(WorkerState, count).readonly(),
})
export type FarmSnapshot = z.output<typeof FarmSnapshot>

/**
 * The contract of a farm that is looked at: `stats` gives its stats, `watch` gives them every `everyMs`, the first at once and
 * the last when the farm has ended.
 * @example
 * await using client = connect(farmInspection, { endpoints: ['tcp://127.0.0.1:7700'] })
 * for await (const { done, pending } of client.watch({ everyMs: 1_000 })) console.log(done, pending)
 */
export const farmInspection = contract('troupe_farm', {
  procedures: {
    stats: procedure({ output: FarmSnapshot, idempotent: true }),
    watch: procedure({
      input: z.object({ everyMs: z.number().min(10).max(3_600_000).default(1_000) }).default({ everyMs: 1_000 }),
      stream: { out: FarmSnapshot },
    }),
  },
})
