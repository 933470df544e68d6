/**
 * A closed loop: a number of callers, each of which gives its next task when its last one was answered.
 */
import { IN_FLIGHT } from './contender.js'
import { type Point, pointOf, Tally } from './point.js'

export interface LoopLimits {
  /** Gives no more than so many tasks. */
  readonly count?: number
  /** Gives none after so long, in ms. */
  readonly forMs?: number
}

/** Resolves with the tally of all tasks given, when all are answered. */
export async function inFlight(
  submit: (input: Point) => Promise<Point>,
  { count = Number.POSITIVE_INFINITY, forMs = Number.POSITIVE_INFINITY }: LoopLimits,
): Promise<Tally> {
  const tally = new Tally()
  const end = performance.now() + forMs
  let next = 0
  const caller = async () => {
    while (next < count && performance.now() < end) tally.take(await submit(pointOf(next++)))
  }
  await Promise.all(Array.from({ length: Math.min(IN_FLIGHT, count) }, caller))
  tally.assertComplete(next, 'closed loop')
  return tally
}
