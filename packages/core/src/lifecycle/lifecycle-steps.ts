/**
 * The steps of the lifecycle machine as a table, made once from its config.
 */
import { lifecycleMachine } from './lifecycle.machine.js'

export type LifecycleState = 'idle' | 'starting' | 'running' | 'stopping' | 'stopped' | 'failed'

/** What moves it: what it is told, and what came of its opening and closing. */
export type LifecycleStep = 'start' | 'stop' | 'fail' | 'opened' | 'open_failed' | 'closed' | 'close_failed'

export interface NextStep {
  /** The state that is entered; undefined when it stays. */
  readonly state: LifecycleState | undefined
  /** Whether the error that came with it is kept, if it is the first. */
  readonly keepsError: boolean
}

interface Transition {
  readonly target?: string
  readonly guard?: string
  readonly actions?: string
}
type Transitions = string | Transition | readonly Transition[]
interface StateConfig {
  readonly on?: Readonly<Record<string, Transitions>>
  readonly invoke?: { readonly src: string; readonly onDone: Transitions; readonly onError: Transitions }
}

/** What an invoked opening or closing tells is called by what was invoked. */
const TOLD = { open: ['opened', 'open_failed'], close: ['closed', 'close_failed'] } as const

const TABLE: ReadonlyMap<string, ReadonlyMap<string, readonly Transition[]>> = new Map(
  Object.entries(lifecycleMachine.config.states as Readonly<Record<string, StateConfig>>).map(([state, config]) => [
    state,
    new Map(Object.entries({ ...config.on, ...told(config) }).map(([step, all]) => [step, listOf(all)])),
  ]),
)

/** What a step leads to; undefined when there is no such step from here. */
export function nextStep(state: LifecycleState, step: LifecycleStep, hasFailed: boolean): NextStep | undefined {
  const transitions = TABLE.get(state)?.get(step)
  // Its only guard is whether it has failed.
  const chosen = transitions?.find(({ guard }) => guard === undefined || hasFailed)
  if (chosen === undefined) return undefined
  return { state: chosen.target as LifecycleState | undefined, keepsError: chosen.actions === 'keepFirstError' }
}

function told({ invoke }: StateConfig): Record<string, Transitions> {
  if (invoke === undefined) return {}
  const [done, failed] = TOLD[invoke.src as keyof typeof TOLD]
  return { [done]: invoke.onDone, [failed]: invoke.onError }
}

function listOf(transitions: Transitions): readonly Transition[] {
  if (typeof transitions === 'string') return [{ target: transitions }]
  return Array.isArray(transitions) ? transitions : [transitions as Transition]
}
