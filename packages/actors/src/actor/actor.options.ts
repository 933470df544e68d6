/**
 * The options of an actor.
 */
import type { Transferable } from 'node:worker_threads'
import type { Logger } from '@troupe/core'
import { z } from 'zod'
import { InspectOption } from './inspect-option.js'
import { WHEN_FULL } from './mailbox.js'
import type { Place } from './place.js'
import { PersistOption } from './snapshot-journal.js'

const time = z
  .number()
  .min(0)
  .max(2 ** 31 - 1)

/** How long something may take to stop: ms, 'brutal_kill' (not asked) or 'infinity'. */
export const ShutdownTimeOption = z.union([time, z.literal('brutal_kill'), z.literal('infinity')])

export const InlineActorOptions = z.strictObject({
  /** What errors and logs call it. Default: the name of its function or machine. */
  name: z.string().min(1).optional(),
  /** How long it may take to be loaded and to signal that it is ready, in ms; 0 for ever. */
  startTimeoutMs: time.default(10_000),
  /** How long it may take to stop before it is killed, in ms, or 'brutal_kill', or 'infinity'. OTP's shutdown. */
  shutdownMs: ShutdownTimeOption.default(5_000),
  /**
   * How many messages its mailbox holds, and its pipe in the other direction. Up to 128 more, and no more than as many
   * again, are on their way to an actor in a process or thread.
   */
  pipeLimit: z.number().int().positive().default(1_000),
  /**
   * What becomes of a message for a full mailbox: its sender waits, the oldest message or the new one is dropped (a dead
   * letter), or its sender gets `QUEUE_FULL`.
   */
  whenFull: z.enum(WHEN_FULL).default('wait'),
  /** Whether the end of an actor that it is linked to is told it as a message, instead of being its own (OTP's trap_exit). */
  trapExit: z.boolean().default(false),
  /** After so many messages its code is started anew, with the mailbox as it is; 0 never. */
  maxTasks: z.number().int().nonnegative().default(0),
  /** After so long its code is started anew, with the mailbox as it is, in ms; 0 never. */
  maxAgeMs: time.default(0),
  /** Where snapshots of a machine are kept, to start from the last one. Default: it starts from scratch. */
  persist: PersistOption.optional(),
  /** Gives the start up: what has been started is killed, and the start rejects with `ABORTED`. */
  signal: z.custom<AbortSignal>((value) => value instanceof AbortSignal, 'must be an AbortSignal').optional(),
  /** Where it is in a tree. Default: where its supervisor starts it, if one does and its start function calls this at once. */
  place: z.custom<Place>((value) => typeof (value as Place | null)?.path === 'string', 'must be a place').optional(),
  /**
   * Told xstate's inspection events of its lifecycle and its machines, as an inspector of xstate: of those in a thread or
   * process actors, events and snapshots, as plain data.
   */
  inspect: InspectOption.optional(),
  /** Where it logs in this thread. Default, and in a process: silent, or stderr at the level that TROUPE_LOG names. */
  log: z
    .custom<Logger>((value) => typeof (value as Logger | null)?.child === 'function', 'must be a pino logger')
    .optional(),
})

export const ActorOptions = InlineActorOptions.extend({
  /** Where it runs: in this thread, in a thread, or in a process of its own. */
  isolation: z.enum(['inline', 'thread', 'process']).default('inline'),
  /** It is killed when its event loop does not turn for so long, in ms; 0 never. Not inline. */
  hangMs: time.default(0),
  /** It has failed when it uses more memory than this, in MiB: its heap, and what that holds outside. Not inline. */
  maxMemoryMiB: z.number().min(16).max(1_048_576).optional(),
  /** Node's flags for its process or thread. Default: this process's, without those of the inspector and of evaluated code. */
  execArgv: z.array(z.string()).optional(),
  /** Environment variables for its process or thread, beside this process's. */
  env: z.record(z.string(), z.string()).default({}),
  /**
   * What in its arguments goes to its thread instead of being copied: message ports, array buffers, as `new Worker` has it. Here
   * it can be used no more. Threads only, and only for code that is not started anew.
   */
  transferList: z.array(z.custom<Transferable>((value) => typeof value === 'object' && value !== null)).optional(),
  /** Where the standard output of its process or thread goes: with ours, to our standard error, or nowhere. */
  stdout: z.enum(['inherit', 'stderr', 'ignore']).default('inherit'),
}).superRefine(({ isolation, hangMs, maxMemoryMiB, transferList, maxTasks, maxAgeMs }, context) => {
  if (transferList !== undefined && (isolation !== 'thread' || maxTasks > 0 || maxAgeMs > 0)) {
    const message = 'is for an actor in a thread whose code is not started anew (maxTasks, maxAgeMs)'
    context.addIssue({ code: 'custom', path: ['transferList'], message })
  }
  if (isolation !== 'inline') return
  const message = 'is for an actor in a thread or process: this one shares its event loop and its memory with its owner'
  if (hangMs > 0) context.addIssue({ code: 'custom', path: ['hangMs'], message })
  if (maxMemoryMiB !== undefined) context.addIssue({ code: 'custom', path: ['maxMemoryMiB'], message })
})

export type InlineActorOptions = z.input<typeof InlineActorOptions>
export type ActorOptions = z.input<typeof ActorOptions>
export type CheckedActorOptions = z.output<typeof ActorOptions>
