/**
 * The options of a supervisor and the specs of its children, in OTP's words.
 */
import { BackoffOptions, type Clock, type Logger } from '@troupe/core'
import { z } from 'zod'
import { ShutdownTimeOption } from '../actor/actor.options.js'
import type { Exit, Supervised } from '../actor/exit.js'
import { InspectOption } from '../actor/inspect-option.js'
import type { Place } from '../actor/place.js'
import type { AutoShutdown } from './strategy.js'

/** What a child's `start` is given. */
export interface StartContext {
  /** Aborts when the child is not wanted any more while it starts. */
  readonly signal: AbortSignal
  /** How often the child was started before. */
  readonly restarts: number
  /**
   * Where the child is in the tree. What `start` calls at once (`() => Actor.start(...)`) knows it by itself; what it calls
   * after an `await` is given it as its option `place`.
   */
  readonly place: Place
}

type Refined = z.core.$RefinementCtx<unknown>

const fn = <F>() => z.custom<F>((value) => typeof value === 'function', 'must be a function')

const Backoff = BackoffOptions.superRefine(({ minMs, maxMs }, context) => {
  if (minMs <= maxMs) return
  wrong(context, ['minMs'], `must not be more than maxMs, ${maxMs}`)
  wrong(context, ['maxMs'], `must not be less than minMs, ${minMs}`)
})

export const ChildSpec = z
  .strictObject({
    /** Names the child; no two of one supervisor are the same. */
    id: z.string().regex(/^[^/]+$/, 'must be a name without a slash: ids make up the paths of a tree'),
    /**
     * Starts the child and resolves when it runs, or with 'ignore' when there is nothing to run; what it rejects with is
     * a start that failed.
     */
    start: fn<(context: StartContext) => Promise<Supervised | 'ignore'>>(),
    /** When the child is restarted: always (OTP's default), after an abnormal end, or never. */
    restart: z.enum(['permanent', 'transient', 'temporary']).default('permanent'),
    /** Whether its end may be that of the supervisor, by `autoShutdown`. Not for a permanent child. */
    significant: z.boolean().default(false),
    /** How long it may take to stop, in ms, or 'brutal_kill', or 'infinity'. Default: 5000, 'infinity' for a supervisor. */
    shutdownMs: ShutdownTimeOption.optional(),
    /** The delay before a restart; an addition to OTP, whose restarts are at once. Default: the supervisor's. */
    backoff: Backoff.optional(),
    /** Whether an exit counts towards the intensity; an addition to OTP, where each does. */
    counts: fn<(exit: Exit) => boolean>().default(() => () => true),
  })
  .superRefine(({ significant, restart }, context) => {
    if (!significant || restart !== 'permanent') return
    wrong(context, ['significant'], 'must be false for a permanent child')
    wrong(context, ['restart'], "must be 'transient' or 'temporary' for a significant child")
  })

export const SupervisorOptions = z
  .strictObject({
    /** What errors and logs call it, and the first part of the paths in its tree. Default: its path in a tree, or `root`. */
    name: z.string().min(1).optional(),
    /** Where it is in a tree. Default: where its supervisor starts it, or the root of one of its own. */
    place: z.custom<Place>((value) => typeof (value as Place | null)?.path === 'string', 'must be a place').optional(),
    /**
     * Told xstate's inspection events of its lifecycle and of all machines under it, as an inspector of xstate: of those in
     * threads and processes actors, events and snapshots, as plain data.
     */
    inspect: InspectOption.optional(),
    /** Of the root: how many blank processes are kept ready for actors with a process of their own. */
    spares: z.number().int().min(0).max(100).default(0),
    /** Which children are restarted when one ends: it alone, all, or it and those that were started after it. */
    strategy: z.enum(['one_for_one', 'one_for_all', 'rest_for_one']).default('one_for_one'),
    /** More restarts than this within the period are too many: it stops its children and fails. */
    intensity: z.number().int().nonnegative().default(1),
    /** The period of the intensity, in ms. */
    periodMs: z.number().positive().default(5_000),
    /** Whether it stops by itself when a significant child has ended, or when the last of them has. */
    autoShutdown: z.enum(['never', 'any_significant', 'all_significant']).default('never'),
    /** The delay before restarts. Default: none, as in OTP. */
    backoff: Backoff.optional(),
    /** Its children, in the order of their start. */
    children: z.array(ChildSpec).default([]),
    log: z
      .custom<Logger>((value) => typeof (value as Logger | null)?.child === 'function', 'must be a pino logger')
      .optional(),
    clock: z.custom<Clock>((value) => typeof (value as Clock | null)?.now === 'function', 'must be a clock').optional(),
    /** Random numbers from 0 to 1, for the jitter of the backoff. */
    random: fn<() => number>().optional(),
  })
  .superRefine(({ autoShutdown, children }, context) => {
    const significant = children.flatMap(({ significant }, index) => (significant ? [index] : []))
    if (autoShutdown !== 'never' || significant.length === 0) return
    for (const index of significant) wrong(context, ['children', index, 'significant'], NO_AUTO_SHUTDOWN)
    wrong(context, ['autoShutdown'], "must not be 'never' with a significant child")
  })

/** A child that comes later is held to the same. */
export const childSpecUnder = (autoShutdown: AutoShutdown) =>
  autoShutdown === 'never' ? InsignificantChildSpec : ChildSpec

const NO_AUTO_SHUTDOWN = "must be false when the supervisor's autoShutdown is 'never'"

const InsignificantChildSpec = ChildSpec.superRefine(({ significant }, context) => {
  if (significant) wrong(context, ['significant'], NO_AUTO_SHUTDOWN)
})

function wrong(context: Refined, path: (string | number)[], message: string): void {
  context.addIssue({ code: 'custom', path, message })
}

export type ChildSpec = z.input<typeof ChildSpec>
export type CheckedChildSpec = z.output<typeof ChildSpec>
export type SupervisorOptions = z.input<typeof SupervisorOptions>
export type CheckedSupervisorOptions = z.output<typeof SupervisorOptions>
