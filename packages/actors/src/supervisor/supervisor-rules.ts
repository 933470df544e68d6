/**
 * What the engine of a supervisor goes by.
 */
import type { AutoShutdown, Strategy } from './strategy.js'

export interface SupervisorRules {
  readonly strategy: Strategy
  readonly intensity: number
  readonly periodMs: number
  readonly autoShutdown: AutoShutdown
}

/** What it knows of the world when it takes an event. */
export interface Surroundings {
  readonly nowMs: number
  readonly random: () => number
}
