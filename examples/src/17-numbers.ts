/**
 * The contract of 17-streams.ts, its handlers, and the numbers that flow there.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { contract, implement, procedure } from '@troupe/actors/rpc'
import { z } from 'zod'

export const numbers = contract('numbers', {
  procedures: {
    count: procedure({ stream: { out: z.number() } }),
    mean: procedure({ output: z.number(), stream: { in: z.number() } }),
    sums: procedure({ stream: { in: z.number(), out: z.number() } }),
  },
})

/** Numbers from 0, which know how far they were ahead of those that were taken. */
export class Numbers implements Iterable<number> {
  taken = 0
  ahead = 0
  left = () => {};

  *[Symbol.iterator]() {
    try {
      for (let made = 1; ; made++) {
        this.ahead = Math.max(this.ahead, made - this.taken)
        yield made - 1
      }
    } finally {
      this.left()
    }
  }
}

export const counted = new Numbers()
export const sent = new Numbers()

export const handlers = implement(numbers, {
  count: () => counted,
  async mean(_, incoming) {
    let sum = 0
    for await (const n of incoming) {
      sum += n
      if (sent.taken++ % 10 === 0) await sleep(1)
      // A handler that has what it wants may leave the rest.
      if (sent.taken === 1_000) break
    }
    return sum / sent.taken
  },
  async *sums(_, incoming) {
    let sum = 0
    for await (const n of incoming) {
      sum += n
      yield sum
    }
  },
})
