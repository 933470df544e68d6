/**
 * The options of a service.
 */
import { BackoffOptions, CurveSecurity, type Logger } from '@troupe/core'
import { z } from 'zod'
import { ShutdownTimeOption } from '../../actor/actor.options.js'
import { InspectOption } from '../../actor/inspect-option.js'
import type { Place } from '../../actor/place.js'
import type { Middleware } from './middleware.js'

const time = z
  .number()
  .min(0)
  .max(2 ** 31 - 1)
const count = z.number().int().positive()

const Common = z.strictObject({
  /** Where it listens, as `tcp://127.0.0.1:7000`; several with commas. `!` for any free port, `ipc://*` for a private file. */
  endpoint: z.string().min(1),
  /** Encrypts by CURVE, and takes those whose keys are trusted: `{ certificate, trust }`. Over inproc it counts for nothing. Default: none. */
  security: CurveSecurity.optional(),
  /** Listens beyond loopback, ipc and inproc without `security`, for whoever reaches it. */
  insecure: z.boolean().default(false),
  /** How many calls run at once: of a service with workers, in each of them. */
  concurrency: count.default(1_024),
  /** How many calls may wait to run; one more is refused with `OVERLOADED` at once. */
  maxQueued: z.number().int().nonnegative().default(4_096),
  /** How many items of a stream from a client may be under way or wait for their handler. */
  window: count.max(65_536).default(1_024),
  /** The largest frame that is taken, in bytes; libzmq cuts off who sends a larger one. A client of ours knows it, and does not. */
  maxMessageBytes: z.number().int().min(1_024).default(16_777_216),
  /** How much may wait for a client that does not read, in bytes; beyond, its session is ended and its calls are aborted. */
  maxUnreadBytes: count.default(16_777_216),
  /** How many clients may be connected at once; more wait for a place, and come again. */
  maxConnections: count.default(16_384),
  /** How many calls one client may have under way, those included that it gave up and whose handlers still run; one more fails with `OVERLOADED`. */
  maxCallsPerClient: count.default(4_096),
  /** How many of them may have a stream. */
  maxStreamsPerClient: count.default(1_024),
  /** How much of one client's calls and streams may be here, not answered and not consumed, in bytes; what is beyond fails with `OVERLOADED`. */
  maxHeldBytesPerClient: count.default(268_435_456),
  /** How long a client may take to shake hands, and to prove its key, in ms. */
  handshakeTimeoutMs: z.number().int().min(1).max(3_600_000).default(10_000),
  /** How often client and server show each other that they live, in ms. */
  heartbeatMs: z.number().int().min(10).max(600_000).default(5_000),
  /** Who shows no sign of life for so long is gone, in ms. */
  livenessMs: z.number().int().min(20).max(3_600_000).default(15_000),
  /** How long a stop waits for the calls that run before it aborts them, in ms. */
  drainMs: time.default(5_000),
  /** Where it is in a tree. Default: where its supervisor starts it. */
  place: z.custom<Place>((value) => typeof (value as Place | null)?.path === 'string', 'must be a place').optional(),
  /** Where it logs. Default: silent, or stderr at the level that TROUPE_LOG names. */
  log: z
    .custom<Logger>((value) => typeof (value as Logger | null)?.child === 'function', 'must be a pino logger')
    .optional(),
})

const inTime = <T extends { heartbeatMs: number; livenessMs: number }>(
  { heartbeatMs, livenessMs }: T,
  context: z.RefinementCtx,
) => {
  if (livenessMs >= 2 * heartbeatMs) return
  const message = `must be at least twice heartbeatMs, ${heartbeatMs}`
  context.addIssue({ code: 'custom', path: ['livenessMs'], message })
}

/** Of a service whose handlers run in this thread. */
export const ServeOptions = Common.extend({
  /** What stands around each handler, the first outermost. */
  middleware: z.array(z.custom<Middleware>((value) => typeof value === 'function', 'must be a function')).default([]),
}).superRefine(inTime)

/** Of a service whose handlers run in workers. */
export const ServeWorkersOptions = Common.extend({
  /** How many workers. */
  workers: count.max(1_000).default(1),
  /** Where they run: each in a process or in a thread of its own. */
  isolation: z.enum(['process', 'thread']).default('process'),
  /** What the export of the module is called with, if it is a function; plain data. */
  args: z.unknown().optional(),
  /**
   * A worker that holds a call which nobody waits for any more, and whose event loop does not turn for so long after that, is
   * killed, in ms.
   */
  graceMs: time.default(1_000),
  /** A worker whose event loop does not turn for so long is killed, in ms; 0 never. */
  hangMs: time.default(0),
  /** A worker that uses more memory than this has failed, in MiB. */
  maxMemoryMiB: z.number().min(16).max(1_048_576).optional(),
  /** How long a worker may take to load its handlers, in ms. */
  startTimeoutMs: time.default(30_000),
  /** How long a worker may take to stop before it is killed. */
  shutdownMs: ShutdownTimeOption.default(5_000),
  /** More deaths of workers than this within the period, and the service fails. */
  intensity: z.number().int().nonnegative().default(10),
  /** The period of the intensity, in ms. */
  periodMs: z.number().positive().default(10_000),
  /** The delay before a worker is started again. */
  backoff: BackoffOptions.default({ minMs: 0, maxMs: 1_000, factor: 2, jitter: 0.5 }),
  /** How many blank processes are kept ready to take the place of a worker. */
  spares: z.number().int().min(0).max(100).default(0),
  /** Node's flags for the workers. Default: this process's. */
  execArgv: z.array(z.string()).optional(),
  /** Environment variables for the workers, beside this process's. */
  env: z.record(z.string(), z.string()).default({}),
  /** Where the standard output of the workers goes. */
  workerStdout: z.enum(['inherit', 'stderr', 'ignore']).default('inherit'),
  /** Told xstate's inspection events of the workers. */
  inspect: InspectOption.optional(),
}).superRefine(inTime)

export type ServeOptions = z.input<typeof ServeOptions>
export type ServeWorkersOptions = z.input<typeof ServeWorkersOptions>
export type CheckedCommonOptions = z.output<typeof Common>
export type CheckedServeOptions = z.output<typeof ServeOptions>
export type CheckedWorkersOptions = z.output<typeof ServeWorkersOptions>
