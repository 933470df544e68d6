/**
 * The options of a farm, of one task and of a map.
 */
import { availableParallelism } from 'node:os'
import { BackoffOptions, curveSecurity, type Logger } from '@troupe/core'
import { z } from 'zod'
import { ShutdownTimeOption } from '../actor/actor.options.js'
import { isJournal } from './durable/farm-journal.js'
import type { Journal } from './journal/journal.js'
import type { Progress } from './progress.js'
import type { UpdateFacts } from './update-calls.js'

const time = z
  .number()
  .min(0)
  .max(2 ** 31 - 1)
const tags = z.array(z.string().min(1).max(128)).max(64)
const rate = z.strictObject({
  /** How many tasks may begin in `perMs`. */
  limit: z.number().int().min(1),
  /** In ms. */
  perMs: z
    .number()
    .positive()
    .max(2 ** 31 - 1),
})
const signal = z.custom<AbortSignal>((value) => value instanceof AbortSignal, 'must be an AbortSignal')

const callback = <Call>() => z.custom<Call>((value) => typeof value === 'function', 'must be a function')
const journal = z.union([
  z.string().min(1),
  z.custom<Journal>(isJournal, 'must be a path, { path, sync }, or a journal'),
  z.strictObject({ path: z.string().min(1), sync: z.boolean().optional() }),
])
const count = z.number().int().min(1).max(10_000)
/** Of a map that may run stragglers twice. */
export const SpeculateOptions = z.strictObject({
  /** A task that was sent longer ago than so many times the median of how long such tasks run in this map ... */
  multiplier: z.number().min(1).max(1_000).default(2),
  /** ... and longer ago than this, in ms, is a straggler. */
  minMs: time.default(100),
})
/** None, where others join. */
const countOrNone = z.number().int().min(0).max(10_000)
const isolation = z.enum(['process', 'thread', 'inline'])

const inOrder = ({ min = 0, max = 1 }: { min?: number; max?: number }, context: z.core.$RefinementCtx<unknown>) => {
  if (min > max) context.addIssue({ code: 'custom', path: ['min'], message: `must not be more than max, ${max}` })
}

const ElasticWorkers = z.strictObject({
  /** So many there are always. */
  min: z.number().int().min(0).max(10_000).default(0),
  /** So many there are at the most. */
  max: count,
  /** One beyond `min` that had nothing to do for so long is stopped, in ms. */
  idleMs: time.default(30_000),
})

const WorkerGroupOptions = z
  .strictObject({
    /** How many there are always; or `min`, `max` and `idleMs`. */
    count: count.exactOptional(),
    min: z.number().int().min(0).max(10_000).exactOptional(),
    max: count.exactOptional(),
    idleMs: time.exactOptional(),
    /** What they have that tasks may ask for. */
    tags: z.array(z.string().min(1).max(128)).max(64).default([]),
    /** Where they run. Default: the farm's. */
    isolation: isolation.exactOptional(),
    /** Environment variables, beside the farm's. */
    env: z.record(z.string(), z.string()).default({}),
  })
  .superRefine((group, context) => {
    const { count, min, max, idleMs } = group
    if ((count === undefined) === (max === undefined)) {
      context.addIssue({ code: 'custom', path: ['count'], message: 'must be given, or max: one of the two' })
    } else if (count !== undefined && (min !== undefined || idleMs !== undefined)) {
      context.addIssue({ code: 'custom', path: ['count'], message: 'must not be given with min or idleMs' })
    } else inOrder({ min: min ?? 0, max: max ?? 10_000 }, context)
  })

const AllFarmOptions = z.strictObject({
  /** The task file that the workers import: a file URL or a path. */
  tasks: z.union([z.instanceof(URL), z.string().min(1)]),
  /** How many workers, or from how many to how many, or several groups of them. Default: one for each core that this process may use. */
  workers: z
    .union([countOrNone, ElasticWorkers.superRefine(inOrder), z.array(WorkerGroupOptions).min(1).max(64)])
    .default(() => availableParallelism()),
  /** A worker that has ended so many tasks is replaced by a new one, without a pause; 0 never. */
  maxTasks: z.number().int().nonnegative().default(0),
  /** A worker that uses more memory than this is replaced in the same way, in MiB: its process, or the heap of its thread. Not where all are inline. */
  maxMemoryMiB: z.number().min(16).max(1_048_576).optional(),
  /** Where they run: each in a process or thread of its own, or all in this thread (for tests, and for tasks that only wait). */
  isolation: isolation.default('process'),
  /** How many tasks run at once in one worker: more than 1 is for tasks that wait. */
  concurrency: z.number().int().min(1).max(10_000).default(1),
  /** How many times a failed try is tried again. A task's own value, and that of the call, come first. */
  retries: z.number().int().nonnegative().default(0),
  /** The delay before a failed try is tried again. */
  backoff: BackoffOptions.default({ minMs: 100, maxMs: 30_000, factor: 2, jitter: 0.5 }),
  /** How long one try may run, in ms; 0 for as long as it wants. A task's own value, and that of the call, come first. */
  timeoutMs: time.default(0),
  /** How long a task that is cancelled or out of time may go on before its worker is killed, in ms. */
  graceMs: time.default(1_000),
  /** A worker that holds tasks and whose event loop does not turn for so long is killed, in ms; 0 never. A task that is alone then has failed with `TIMEOUT`. Not where all are inline. */
  hangMs: time.default(0),
  /** How often a worker's life is asked for, in ms, by ZMTP heartbeats, which a busy worker answers too. */
  heartbeatMs: z.number().int().min(10).max(60_000).default(1_000),
  /** A worker that answers no heartbeat for so long is given up, in ms. */
  livenessMs: z.number().int().min(20).max(600_000).default(5_000),
  /**
   * The largest part of a message that it takes from a worker, in bytes: an output, or a large binary value in it. A task that gives
   * more has failed with `INVALID_OUTPUT`; who sends it all the same is hung up on.
   */
  maxMessageBytes: z
    .number()
    .int()
    .min(65_536)
    .max(2 ** 40)
    .default(256 << 20),
  /** How many tasks may be queued by `submit`; a `submit` beyond waits. */
  maxQueued: z.number().int().min(1).default(100_000),
  /** At most `limit` tasks begin in any `perMs`, of all that it runs; tries count. */
  rate: rate.optional(),
  /** How many results of a map may wait for an earlier one, or for their reader. */
  reorderWindow: z.number().int().min(1).default(16_384),
  /** What becomes of tasks whose worker died: they run again on another, or they fail with `WORKER_LOST`. */
  onWorkerLost: z.enum(['redeliver', 'fail']).default('redeliver'),
  /** How many workers may die without having held a task, within `periodMs`, before the farm gives up. */
  intensity: z.number().int().nonnegative().default(5),
  /** The period of the intensity, in ms. */
  periodMs: z.number().positive().default(10_000),
  /** How long a worker may take to start and join, in ms. */
  startTimeoutMs: z
    .number()
    .min(1)
    .max(2 ** 31 - 1)
    .default(30_000),
  /** How long a worker may take to stop before it is killed, in ms, or 'brutal_kill', or 'infinity'. */
  shutdownMs: ShutdownTimeOption.default(5_000),
  /** Where the farm listens for its workers. Default: a private ipc endpoint (tcp on loopback on Windows). */
  endpoint: z.string().min(1).optional(),
  /**
   * Lets workers join at `endpoint` that were started elsewhere, by `troupe worker --join` or in another language; they leave and
   * come back as they like. The farm imports `tasks` itself then, to know what they must have.
   */
  joinable: z.boolean().default(false),
  /** Where it tells its stats to who asks, as `troupe top` does. Default: nowhere. */
  inspect: z.string().min(1).optional(),
  /**
   * CURVE for `endpoint` and `inspect`: who the farm is, and the certificates of those that may join and look. Its own workers are
   * reached through private files, and need none.
   */
  security: curveSecurity(
    'a Certificate, several, a CertificateStore, the path of a file or folder, or a ZMQAuthenticator',
  ).optional(),
  /** Listens beyond loopback, ipc and inproc without `security`, for whoever reaches it. */
  insecure: z.boolean().default(false),
  /** How many workers from elsewhere may be connected; more wait for a place, and come again. */
  maxConnections: z.number().int().positive().default(16_384),
  /** How many workers from elsewhere may be about to join at once; more say HELLO again. Each costs descriptors until it has shown that it is reached. */
  maxJoining: z.number().int().positive().max(4_096).default(64),
  /** How long the handshake of a connection may take, in ms. */
  handshakeTimeoutMs: z
    .number()
    .int()
    .min(1)
    .max(2 ** 31 - 1)
    .default(10_000),
  /** Node's flags for the worker processes. Default: this process's. */
  execArgv: z.array(z.string()).optional(),
  /** Environment variables for the worker processes, beside this process's. */
  env: z.record(z.string(), z.string()).default({}),
  /** Where the standard output of the worker processes goes. */
  workerStdout: z.enum(['inherit', 'stderr', 'ignore']).default('inherit'),
  /** Makes maps outlive this process: a folder, `{ path, sync }`, or a journal. What it holds of them is gone on with. */
  journal: journal.optional(),
  /** Stops the farm when it aborts; a start that it interrupts fails with `ABORTED`. */
  signal: signal.optional(),
  /** Where it logs. Default: silent, or stderr at the level that TROUPE_LOG names. */
  log: z
    .custom<Logger>((value) => typeof (value as Logger | null)?.child === 'function', 'must be a pino logger')
    .optional(),
})

export const FarmOptions = AllFarmOptions.superRefine((options, context) => {
  const { isolation, workers, maxMemoryMiB, hangMs, joinable, endpoint } = options
  if (joinable && endpoint === undefined) {
    const message = 'must be given, as tcp://127.0.0.1:7000, for workers to join there'
    context.addIssue({ code: 'custom', path: ['endpoint'], message })
  }
  for (const issue of wrongSecurity(options)) context.addIssue(issue)
  if (workers === 0 && !joinable) {
    context.addIssue({ code: 'custom', path: ['workers'], message: 'must be 1 or more, unless `joinable`' })
  }
  if (joinable) return
  const all = Array.isArray(workers) ? workers.map((group) => group.isolation ?? isolation) : [isolation]
  if (all.some((one) => one !== 'inline')) return
  const message = 'is for workers in processes or threads: these share the event loop and the memory of the farm'
  if (maxMemoryMiB !== undefined) context.addIssue({ code: 'custom', path: ['maxMemoryMiB'], message })
  if (hangMs > 0) context.addIssue({ code: 'custom', path: ['hangMs'], message })
})

/** What a farm cannot do with its security. */
function* wrongSecurity({ security, endpoint, inspect }: z.output<typeof AllFarmOptions>) {
  if (security === undefined) return
  const wrong = (path: string[], message: string) => ({ code: 'custom' as const, path: ['security', ...path], message })
  if (security.certificate === undefined) yield wrong(['certificate'], 'is wanted: its workers must know its key')
  if (security.trust === 'anyone') {
    const why =
      endpoint === undefined
        ? 'must be the certificates of those that may look at it'
        : 'must be the certificates of its workers: whoever joins a farm is given its tasks'
    yield wrong(['trust'], why)
  }
  if (endpoint === undefined && inspect === undefined) {
    yield wrong([], 'is for an `endpoint` or `inspect`: without them nobody else can reach the farm')
  }
}

export const SubmitOptions = z.strictObject({
  /** Cancels the task. */
  signal: signal.optional(),
  /** How long one try may run, in ms; 0 for as long as it wants. */
  timeoutMs: time.optional(),
  /** How many times a failed try is tried again. */
  retries: z.number().int().nonnegative().optional(),
  /** What is queued goes by priority, higher first, and within one in the order in which it was given. Default 0. */
  priority: z.number().int().optional(),
  /** It goes only to workers that have all of these tags, beside those of the task's definition. */
  tags: tags.optional(),
  /**
   * Tasks of one key, of whatever call, run in the order in which they were given, one at a time, on whatever worker: the next
   * waits until this one has ended, with all its tries. Not the `key` of the task's definition, which names inputs in errors.
   */
  key: z.string().optional(),
  /** How long it may take in all, from the call, in ms, waiting and all tries together: then it fails with `TIMEOUT`. 0 for ever. */
  deadlineMs: time.optional(),
  /**
   * While a task of the same name and dedupeKey is queued or runs, a further submit runs nothing and gets its outcome. What one
   * caller sets for its `signal` and `deadlineMs` takes only that caller away; the task is cancelled when the last is gone.
   */
  dedupeKey: z.string().optional(),
  /** Is told how far the task has got, a few times a second at most. Of those who share a task, the first is. */
  onProgress: callback<(progress: Progress, facts: UpdateFacts) => void>().optional(),
})

export const StreamOptions = SubmitOptions.omit({ dedupeKey: true }).extend({
  /** The parts that were given are void: they begin anew, in the try of this number. Without it no such try is begun. */
  onRestart: callback<(attempt: number) => void>().optional(),
})

export const MapOptions = SubmitOptions.omit({ dedupeKey: true }).extend({
  /** How long the whole map may take, from the call, in ms: then it throws `TIMEOUT` and cancels the rest. 0 for ever. */
  deadlineMs: time.optional(),
  /** As the `key` of a submit, of each input. */
  key: z.custom<(input: unknown) => string>((value) => typeof value === 'function', 'must be a function').optional(),
  /** At most `limit` of its tasks begin in any `perMs`; tries count. */
  rate: rate.optional(),
  /** Is told the parts of each task, in their order. */
  onPartial: callback<(part: unknown, facts: UpdateFacts) => void>().optional(),
  /**
   * When all of its input is under way and a worker has nothing to do, it runs stragglers a second time: the first outcome
   * counts, and the other run is cancelled. Only of tasks that are `idempotent`, without `key` and `onPartial`. Default: not.
   */
  speculate: z.union([z.boolean(), SpeculateOptions]).optional(),
  /** Gives each outcome, as `Promise.allSettled` does, and does not throw for a task that failed. */
  settled: z.boolean().optional(),
  /** What a journal calls the map. Default: the name of the task, and from the second map of a task on a number with it. */
  name: z.string().min(1).max(200).optional(),
  /** With a journal: outcomes are taken when the next is asked for, or when the map's `acknowledge` is called. Default 'auto'. */
  acknowledge: z.enum(['auto', 'manual']).optional(),
})

export const TransformOptions = MapOptions.omit({ name: true, acknowledge: true }).extend({
  /** Gives the outputs in the order of what is written, or as they come. */
  ordered: z.boolean().default(true),
})

export const SubscribeOptions = z.strictObject({
  /** How often the stats are told, in ms. */
  everyMs: time.min(10).default(1_000),
})

export const DrainOptions = z.strictObject({
  /** After so long it stops, and gives up what is not finished, in ms; 0 never. */
  timeoutMs: time.optional(),
})

export type FarmOptions = z.input<typeof FarmOptions>
export type DrainOptions = z.input<typeof DrainOptions>
export type SubscribeOptions = z.input<typeof SubscribeOptions>
export type SubmitOptions = z.input<typeof SubmitOptions>
export type StreamOptions = z.input<typeof StreamOptions>
export interface MapOptions<Input = unknown, Part = unknown>
  extends Omit<z.input<typeof MapOptions>, 'key' | 'onPartial'> {
  /** Is told the parts of each task, in their order. */
  onPartial?(part: Part, facts: UpdateFacts): void
  /** As the `key` of a submit, of each input. */
  key?(input: Input): string
}
export interface TransformOptions<Input = unknown, Part = unknown>
  extends Omit<MapOptions<Input, Part>, 'name' | 'acknowledge'> {
  /** Gives the outputs in the order of what is written, or as they come. Default true. */
  readonly ordered?: boolean | undefined
}
export type CheckedFarmOptions = z.output<typeof FarmOptions>
