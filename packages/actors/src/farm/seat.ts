/**
 * One incarnation of a worker, as the farm's engine sees it.
 */
import type { Failure } from './failure.js'
import { Holder } from './ledger.js'
import type { Routing } from './routing.js'

export interface Seat {
  readonly id: string
  /** What it has that tasks may ask for. */
  readonly tags: ReadonlySet<string>
  /** How many tasks it runs at once. */
  readonly slots: number
  /** Whether it is one of the farm's own, to which nothing must go over a network. */
  readonly isOwn: boolean
  /** How long a task takes here, of what it is estimated to cost; it gets as much less or more. */
  slowness: number
  /** Until then nothing is sent ahead to it: what is where it is has been lost again and again. */
  readonly doubtedUntilMs: number
  readonly holder: Holder
  /** It holds a suspect and gets nothing beside it. */
  alone: boolean
  /** When something last came from it or, if it had nothing to do then, when it got something. */
  lastHeardMs: number
  /** When it must have ended each cancelled try, by ticket, or is killed; the earliest first. */
  readonly unwanted: Map<number, number>
  /** How tries under these tickets have failed that go on until it has ended, where nothing may begin before that. */
  readonly verdicts: Map<number, Failure>
  /** It has ended, or is about to: it gets nothing more, but what it has sent still counts. */
  leaving: boolean
  /** Why the farm kills it, once it does. */
  condemned: string | undefined
  /** What it is killed for that is its own doing: such a death counts for the task that it runs alone. */
  fault: string | undefined
  done: number
  failed: number
}

export const NO_TAGS: ReadonlySet<string> = new Set()

/** What is known of a worker when it takes its seat. */
export interface Seated {
  readonly id: string
  readonly tags?: ReadonlySet<string>
  readonly slots: number
  readonly isOwn?: boolean
  readonly doubtedUntilMs?: number
}

export function seatOf(seated: Seated, nowMs: number): Seat {
  const { id, tags = NO_TAGS, slots, isOwn = true, doubtedUntilMs = 0 } = seated
  return {
    ...{ id, tags, slots, isOwn, doubtedUntilMs },
    slowness: 1,
    holder: new Holder(),
    alone: false,
    lastHeardMs: nowMs,
    unwanted: new Map(),
    verdicts: new Map(),
    leaving: false,
    condemned: undefined,
    fault: undefined,
    done: 0,
    failed: 0,
  }
}

/** Whether it may be given anything. */
export const isOpen = ({ condemned, fault, leaving }: Seat): boolean =>
  condemned === undefined && fault === undefined && !leaving

/** Whether a worker with such tags has all that is asked for. */
export const suits = (tags: ReadonlySet<string>, routing: Routing | undefined): boolean =>
  routing === undefined || routing.tags.every((tag) => tags.has(tag))
