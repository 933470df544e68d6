/**
 * What is played on both sides: a tree of supervisors, how its workers behave, and what is done to it.
 */

/** How a worker ends: by itself, or killed by somebody who is not its supervisor. */
export type Reason = 'normal' | 'shutdown' | 'shutdown_term' | 'failed'
export type Death = Reason | 'kill'

/** What becomes of one start of a worker. One that exits does so before the supervisor goes on. */
export type Outcome = 'ok' | 'error' | 'ignore' | { readonly exits: Death }

interface Rules {
  readonly id: string
  readonly restart: 'permanent' | 'transient' | 'temporary'
  readonly significant: boolean
  readonly shutdown: number | 'brutal_kill' | 'infinity'
}

export interface WorkerPlan extends Rules {
  readonly type: 'worker'
  /** One start after the other; those beyond are ok. */
  readonly starts: readonly Outcome[]
  /** As what it ends when its supervisor asks it to, or that it does not. */
  readonly stop: Reason | 'deaf'
}

export interface SupervisorPlan extends Rules {
  readonly type: 'supervisor'
  readonly strategy: 'one_for_one' | 'one_for_all' | 'rest_for_one'
  readonly intensity: number
  readonly autoShutdown: 'never' | 'any_significant' | 'all_significant'
  readonly children: readonly Plan[]
}

export type Plan = WorkerPlan | SupervisorPlan

export type Step =
  /** Several children of one supervisor at once: it learns of the second before it has done anything about the first. */
  | { readonly type: 'exit'; readonly exits: ReadonlyArray<{ readonly id: string; readonly reason: Death }> }
  | { readonly type: 'terminate' | 'restart' | 'delete'; readonly supervisor: string; readonly id: string }
  | { readonly type: 'start'; readonly supervisor: string; readonly child: Plan }

export interface Scenario {
  readonly seed: number
  readonly root: SupervisorPlan
  readonly steps: readonly Step[]
  /** How the root is ended, if it has not before. */
  readonly end: 'stop' | 'kill'
}
