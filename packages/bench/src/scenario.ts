/**
 * What a scenario is given, and what it gives.
 */
import type { Table } from './table.js'

export interface ScenarioOptions {
  readonly workers: number
  readonly rounds: number
  /** Few tasks: shows that all run and give right results, not how fast. */
  readonly quick: boolean
}

export interface Section {
  readonly title: string
  /** How it was measured. */
  readonly text: string
  readonly tables: readonly Table[]
  readonly targets: readonly Target[]
}

export interface Target {
  readonly what: string
  readonly wanted: string
  readonly measured: string
  readonly met: boolean
}

export type Scenario = (options: ScenarioOptions) => Promise<Section>
