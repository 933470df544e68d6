/**
 * The options of an actor.
 */
import type { Logger } from '@troupe/core'
import { z } from 'zod'

const time = z
  .number()
  .min(0)
  .max(2 ** 31 - 1)

/** How long something may take to stop: ms, 'brutal_kill' (not asked) or 'infinity'. */
export const ShutdownTimeOption = z.union([time, z.literal('brutal_kill'), z.literal('infinity')])

export const InlineActorOptions = z.strictObject({
  /** What errors and logs call it. Default: the name of its function. */
  name: z.string().min(1).optional(),
  /** How long it may take to be loaded and to signal that it is ready, in ms; 0 for ever. */
  startTimeoutMs: time.default(10_000),
  /** How long it may take to stop before it is killed, in ms, or 'brutal_kill', or 'infinity'. OTP's shutdown. */
  shutdownMs: ShutdownTimeOption.default(5_000),
  /**
   * How many messages its pipe holds in each direction before a send waits. The sockets of a pipe to a process hold up to
   * as many again at each end.
   */
  pipeLimit: z.number().int().positive().default(1_000),
  /** Gives the start up: what has been started is killed, and the start rejects with `ABORTED`. */
  signal: z.custom<AbortSignal>((value) => value instanceof AbortSignal, 'must be an AbortSignal').optional(),
  /** Where it logs in this thread. Default, and in a process: silent, or stderr at the level that TROUPE_LOG names. */
  log: z
    .custom<Logger>((value) => typeof (value as Logger | null)?.child === 'function', 'must be a pino logger')
    .optional(),
})

export const ActorOptions = InlineActorOptions.extend({
  /** Where it runs: in this thread, or in a process of its own. */
  isolation: z.enum(['inline', 'process']).default('inline'),
  /** Node's flags for its process. Default: this process's, without those of the inspector and of evaluated code. */
  execArgv: z.array(z.string()).optional(),
  /** Environment variables for its process, beside this process's. */
  env: z.record(z.string(), z.string()).default({}),
  /** Where its process's standard output goes: with ours, to our standard error, or nowhere. */
  stdout: z.enum(['inherit', 'stderr', 'ignore']).default('inherit'),
})

export type InlineActorOptions = z.input<typeof InlineActorOptions>
export type ActorOptions = z.input<typeof ActorOptions>
export type CheckedActorOptions = z.output<typeof ActorOptions>
