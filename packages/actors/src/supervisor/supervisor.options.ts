/**
 * The options of a supervisor and the specs of its children, in OTP's words.
 */
import { BackoffOptions, type Clock, type Logger } from '@troupe/core'
import { z } from 'zod'
import { ShutdownTimeOption } from '../actor/actor.options.js'
import type { Exit, Supervised } from '../actor/exit.js'

/** What a child's `start` is given. */
export interface StartContext {
  /** Aborts when the child is not wanted any more while it starts. */
  readonly signal: AbortSignal
  /** How often the child was started before. */
  readonly restarts: number
}

const fn = <F>() => z.custom<F>((value) => typeof value === 'function', 'must be a function')

export const ChildSpec = z.strictObject({
  /** Names the child; no two of one supervisor are the same. */
  id: z.string().min(1),
  /** Starts the child and resolves when it runs; what it rejects with is a start that failed. */
  start: fn<(context: StartContext) => Promise<Supervised>>(),
  /** When the child is restarted: always (OTP's default), after an abnormal end, or never. */
  restart: z.enum(['permanent', 'transient', 'temporary']).default('permanent'),
  /** How long it may take to stop, in ms, or 'brutal_kill', or 'infinity' (for supervisors). */
  shutdownMs: ShutdownTimeOption.default(5_000),
  /** The delay before a restart; an addition to OTP, whose restarts are at once. Default: the supervisor's. */
  backoff: BackoffOptions.optional(),
  /** Whether an exit counts towards the intensity; an addition to OTP, where each does. */
  counts: fn<(exit: Exit) => boolean>().default(() => () => true),
})

export const SupervisorOptions = z.strictObject({
  /** What errors and logs call it. */
  name: z.string().min(1).default('supervisor'),
  /** Which children are restarted when one ends. */
  strategy: z.literal('one_for_one').default('one_for_one'),
  /** More restarts than this within the period are too many: it stops its children and fails. */
  intensity: z.number().int().nonnegative().default(1),
  /** The period of the intensity, in ms. */
  periodMs: z.number().positive().default(5_000),
  /** The delay before restarts. Default: none, as in OTP. */
  backoff: BackoffOptions.optional(),
  /** Its children, in the order of their start. */
  children: z.array(ChildSpec).default([]),
  log: z
    .custom<Logger>((value) => typeof (value as Logger | null)?.child === 'function', 'must be a pino logger')
    .optional(),
  clock: z.custom<Clock>((value) => typeof (value as Clock | null)?.now === 'function', 'must be a clock').optional(),
  /** Random numbers from 0 to 1, for the jitter of the backoff. */
  random: fn<() => number>().optional(),
})

export type ChildSpec = z.input<typeof ChildSpec>
export type CheckedChildSpec = z.output<typeof ChildSpec>
export type SupervisorOptions = z.input<typeof SupervisorOptions>
