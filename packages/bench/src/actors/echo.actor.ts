/**
 * Our actor of the benchmarks.
 */
import { handler } from '@troupe/actors/code'

export const CAST = 0
export const CRASH = -1

/** Numbers above 0 are questions. */
export const echo = handler({
  init: () => ({ casts: 0 }),
  receive(message: number, { state }): number {
    if (message === CRASH) throw new Error('as it was told')
    if (message === CAST) state.casts++
    return message + state.casts
  },
})
