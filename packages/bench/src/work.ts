/**
 * What the tasks do, the same for all: nothing, a millisecond by the clock, or a fixed amount of work of about that.
 */
import type { Point } from './point.js'

export const TASK_KINDS = ['noop', 'spin', 'work'] as const
export type TaskKind = (typeof TASK_KINDS)[number]

/** About a millisecond on the machine of 2026. What it is exactly does not matter: bare processes do as much. */
const STEPS = 850_000

/** Written, or the compiler may leave the loop out. */
export let lastHash = 0

export function workOf(kind: TaskKind): (input: Point) => Point {
  if (kind === 'noop') return answer
  if (kind === 'spin') return spin
  return work
}

export const answer = ({ id, x, y, text }: Point): Point => ({ id, x: x + 1, y: y - 1, text })

export function spin(input: Point): Point {
  const end = performance.now() + 1
  while (performance.now() < end);
  return answer(input)
}

export function work(input: Point): Point {
  // An integer for the compiler too, however the number came here: else some contenders do the same steps on doubles.
  let hash = input.id | 0
  for (let step = 0; step < STEPS; step++) hash = Math.imul(hash ^ step, 16_777_619)
  lastHash = hash
  return answer(input)
}
