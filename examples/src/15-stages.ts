/**
 * The stages of 15-rest-for-one.ts. Each asks the one before it, wherever that runs.
 */
import { type ActorContext, handler, type Pipe } from '@troupe/actors/code'
import { z } from 'zod'

const READINGS = 100

/** The source: gives the reading of a number, undefined behind the last. It has no state that could be wrong. */
export const source = handler({
  message: z.number().int(),
  receive: (index) => (index < READINGS ? index + 1 : undefined),
})

/** Adds up: its answers depend on all that it has been asked before, so who has asked half of them needs a new one. */
export const sums = handler({
  init: ({ fails }: { fails: boolean }) => ({ index: 0, sum: 0, fails }),
  async receive(_: 'next', { state, lookup }) {
    const reading = await lookup('pipeline/source').ask(state.index)
    if (reading === undefined) return undefined
    // As a fault in native code would, in the middle of the work.
    if (state.fails && state.index === READINGS / 2) process.kill(process.pid, 'SIGKILL')
    state.index++
    state.sum += Number(reading)
    return state.sum
  },
})

/** The sink: gathers all sums, and then says them. */
export async function sink(pipe: Pipe, _: undefined, { ready, lookup, signal }: ActorContext): Promise<void> {
  ready()
  const found: number[] = []
  for (;;) {
    const sum = await lookup('pipeline/sums').ask('next', { signal })
    if (sum === undefined) break
    found.push(Number(sum))
  }
  await pipe.send(found)
}
