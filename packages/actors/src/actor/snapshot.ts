/**
 * Snapshots of actors as plain data, in the shape of xstate's.
 */

/** What an actor is at a moment. Functions and handlers have a status alone; machines their state and context too. */
export interface ActorSnapshot {
  readonly status: 'active' | 'done' | 'error' | 'stopped'
  /** The state of a machine: see xstate's `matchesState`. */
  readonly value?: unknown
  readonly context?: unknown
  readonly output?: unknown
  readonly error?: unknown
  readonly tags?: readonly string[]
}

/** Whether there will be no other. */
export const isFinal = (snapshot: ActorSnapshot | undefined): boolean =>
  snapshot !== undefined && snapshot.status !== 'active'
