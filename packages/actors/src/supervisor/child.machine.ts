/**
 * The phases of a supervised child.
 *
 * The machine is the table that the engine looks its steps up in. No child has an actor of xstate's, which 10,000
 * children would pay for. Whether an end is `ended` or a `restart` is for the rules of OTP to say. What is `stopped`
 * keeps its spec, or is forgotten when it is temporary.
 */
import { createMachine } from 'xstate'

export type ChildPhase = 'starting' | 'running' | 'waiting' | 'stopping' | 'stopped'

export type ChildStep =
  | 'start'
  | 'started'
  | 'ignored'
  /** It was asked to start and could not. */
  | 'not_started'
  /** It ended and is not restarted. */
  | 'ended'
  /** It ended, or could not be restarted, and is to be restarted. */
  | 'restart'
  | 'stop'
  | 'has_stopped'

export const childMachine = createMachine({
  id: 'child',
  initial: 'starting',
  states: {
    starting: {
      on: { started: 'running', ignored: 'stopped', not_started: 'stopped', restart: 'waiting', stop: 'stopping' },
    },
    running: { on: { ended: 'stopped', restart: 'waiting', stop: 'stopping' } },
    // For the delay of a backoff, for its turn in a group, or for the next try.
    waiting: { on: { start: 'starting', stop: 'stopped' } },
    stopping: { on: { has_stopped: 'stopped' } },
    stopped: { on: { start: 'starting' } },
  },
})

type Row = ReadonlyMap<string, ChildPhase>

const TABLE: ReadonlyMap<string, Row> = new Map(
  Object.entries(childMachine.config.states ?? {}).map(([phase, { on = {} }]) => [
    phase,
    new Map(Object.entries(on) as [string, ChildPhase][]),
  ]),
)

/** The phase that a step leads to; undefined when there is no such step from here. */
export const nextPhase = (phase: ChildPhase, step: ChildStep): ChildPhase | undefined => TABLE.get(phase)?.get(step)
