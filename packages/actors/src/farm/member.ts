/**
 * One worker of the pool, through all its incarnations.
 */
import { type Deferred, deferred, type Identity } from '@troupe/core'
import type { Actor } from '../actor/actor.js'
import type { Mate } from './crew.js'
import type { Seat } from './seat.js'
import type { WorkerGroup } from './worker-group.js'

/** `working` on a task, or `idle`; it ends, or is about to, when `leaving`. */
export const WORKER_STATES = ['starting', 'idle', 'working', 'leaving'] as const
export type WorkerState = (typeof WORKER_STATES)[number]

export interface WorkerStats {
  readonly id: string
  readonly pid: number | undefined
  readonly incarnation: string
  readonly state: WorkerState
  /** Where it runs: `remote` for one that has joined from elsewhere. */
  readonly isolation: 'process' | 'thread' | 'inline' | 'remote'
  /** The machine of one that has joined, as it says. */
  readonly host: string | undefined
  /** Who one is that has joined a farm with `security`, as it has proven by its key. */
  readonly identity: Identity | undefined
  readonly tags: readonly string[]
  /** Tasks that it has now. */
  readonly held: number
  /** Tasks that this incarnation has done, and tries that failed on it. */
  readonly done: number
  readonly failed: number
  /** What it has last said that it uses: its process, or the heap of its thread. Not inline. */
  readonly memoryMiB: number | undefined
}

export interface Incarnation {
  readonly mate: Mate
  readonly joined: Deferred<void>
  actor: Actor | undefined
}

export class Member {
  now: Incarnation | undefined
  /** Another shall take its place, or it is not needed any more: it ends when it holds nothing. */
  retiring = false
  /** It holds nothing any more and is stopped. */
  isDismissed = false
  /** The one that shall take its place starts. */
  isReplaced = false

  constructor(
    readonly id: string,
    readonly group: WorkerGroup,
  ) {}

  get seat(): Seat | undefined {
    return this.now?.mate.seat
  }

  get held(): number {
    return this.seat?.holder.held ?? 0
  }

  /** Tries that this incarnation has ended. */
  get ended(): number {
    return this.seat === undefined ? 0 : this.seat.done + this.seat.failed
  }

  /** Whether it has joined and takes tasks. */
  get isReady(): boolean {
    return this.seat !== undefined && !this.seat.leaving
  }

  begin(mate: Mate): Incarnation {
    this.now = { mate, joined: deferred(), actor: undefined }
    return this.now
  }

  stats(): WorkerStats {
    const { id, group, seat, held } = this
    const { mate, actor } = this.now ?? {}
    const state = seat === undefined ? 'starting' : seat.leaving ? 'leaving' : held > 0 ? 'working' : 'idle'
    return {
      ...{ id, pid: mate?.pid ?? actor?.pid, incarnation: mate?.incarnation ?? '', state },
      ...{ isolation: group.isolation, host: undefined, identity: undefined, tags: group.tags, held },
      ...{ done: seat?.done ?? 0, failed: seat?.failed ?? 0 },
      memoryMiB: mate?.memoryMiB,
    }
  }
}
