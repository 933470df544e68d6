/**
 * Our actor of the benchmarks.
 */
import type { Pipe } from '@troupe/actors/actor'

export const CAST = 0
export const CRASH = -1

/** Numbers above 0 are questions. */
export async function echo(pipe: Pipe): Promise<void> {
  let casts = 0
  for await (const message of pipe) {
    if (message === CAST) casts++
    else if (message === CRASH) throw new Error('as it was told')
    else await pipe.send(Number(message) + casts)
  }
}
