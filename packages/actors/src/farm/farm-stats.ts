/**
 * What a farm says of itself: a snapshot, which can be subscribed to.
 */
import type { LifecycleState } from '@troupe/core'
import type { MeasuredStats } from './measures.js'
import { WORKER_STATES, type WorkerState, type WorkerStats } from './member.js'

export interface FarmStats extends MeasuredStats {
  /** `stopped` or `failed` in the last one. */
  readonly state: LifecycleState
  /** Tasks that no worker has. */
  readonly pending: number
  /** Tasks that workers have. */
  readonly held: number
  /** Times that a task was given to a worker, further tries too. */
  readonly dispatched: number
  readonly done: number
  readonly failed: number
  readonly cancelled: number
  /** Tries that failed and were tried again. */
  readonly retried: number
  /** Tasks that were taken from a dead worker and given to another. */
  readonly redelivered: number
  /** Second runs of stragglers that were begun, by `speculate`; of two runs of a task one counts as done. */
  readonly speculated: number
  /** Connections and workers from elsewhere that were refused: by their key, their address, or because they were too many. */
  readonly denied: number
  /** Messages that came and were not of a worker of this farm. */
  readonly strays: number
  /** Workers that were replaced because they had ended. */
  readonly restarts: number
  /** Nothing is given out, see {@link Farm.pause}. */
  readonly paused: boolean
  /** Nothing more is taken, see {@link Farm.drain}. */
  readonly draining: boolean
  /** Workers that were replaced because of `maxTasks` or `maxMemoryMiB`. */
  readonly recycled: number
  readonly workers: readonly WorkerStats[]
  /** How many workers are in each state. */
  readonly workerStates: Readonly<Record<WorkerState, number>>
}

/** How many workers are in each state. */
export function workerStates(workers: readonly WorkerStats[]): Record<WorkerState, number> {
  const states = Object.fromEntries(WORKER_STATES.map((state) => [state, 0])) as Record<WorkerState, number>
  for (const { state } of workers) states[state]++
  return states
}
