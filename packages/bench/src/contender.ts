/**
 * What every contender is to the scenarios.
 */
import type { Point, Tally } from './point.js'
import type { TaskKind } from './work.js'

/** Tasks of the peers that are given and not answered, at most. */
export const IN_FLIGHT = 256

export interface StartOptions {
  readonly task: TaskKind
  readonly workers: number
}

/** What it does beside running tasks, and what it cannot, in words for the table. */
export interface Abilities {
  readonly validates: string
  readonly map: string
  readonly deadWorker: string
}

export interface Contender {
  readonly name: string
  readonly abilities: Abilities
  /** Takes a fraction of the tasks of a map, so that a round ends. */
  readonly slow?: boolean
  /** Why it cannot run here, if it cannot. */
  missing?(): string | undefined
  /** Starts the workers; resolves when they take tasks. */
  start(options: StartOptions): Promise<Pool>
}

export interface Pool {
  /** Runs one task. Absent where the contender only takes whole lists. */
  submit?(input: Point): Promise<Point>
  /** Runs tasks 0 to `count` - 1. */
  map(count: number): Promise<Tally>
  stop(): Promise<void>
}
