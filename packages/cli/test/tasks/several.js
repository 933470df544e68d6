import { task } from '@troupe/actors/farm'
import { z } from 'zod'

export const double = task({ name: 'double', input: z.number(), output: z.number(), run: (n) => n * 2 })

/** Answers after the milliseconds that it is given. */
export const wait = task({
  name: 'wait',
  input: z.number(),
  output: z.number(),
  run: (ms, { signal }) =>
    new Promise((resolve, reject) => {
      setTimeout(() => resolve(ms), ms)
      signal.addEventListener('abort', () => reject(signal.reason))
    }),
})

/** Says that it has begun, and never ends, whatever it is told. */
export const never = task({
  name: 'never',
  input: z.unknown(),
  output: z.null(),
  run() {
    console.log('begun')
    return new Promise(() => {})
  },
})

export const positive = task({
  name: 'positive',
  input: z.number(),
  output: z.number(),
  run(n) {
    if (n < 0) throw new RangeError(`${n} is negative`)
    return n
  },
})

/** Fails until its third try. */
export const third = task({
  name: 'third',
  input: z.number(),
  output: z.number(),
  run(_, { attempt }) {
    if (attempt < 3) throw new Error(`try ${attempt}`)
    return attempt
  },
})

export const long = task({ name: 'long', input: z.string(), output: z.number(), run: (text) => text.length })

/** Returns what JSON has no word for. */
export const big = task({ name: 'big', input: z.number(), output: z.bigint(), run: (n) => BigInt(n) })

/** Returns what no message can carry. */
export const circle = task({
  name: 'circle',
  input: z.number(),
  output: z.any(),
  run() {
    const round = {}
    round.round = round
    return round
  },
})

/** Returns what its own schema refuses. */
export const liar = task({ name: 'liar', input: z.number(), output: z.string(), run: (n) => n })

/** Returns nothing. */
export const nothing = task({ name: 'nothing', input: z.number(), output: z.undefined(), run: () => undefined })

/** Kills its worker each time. */
export const deadly = task({
  name: 'deadly',
  input: z.boolean(),
  output: z.boolean(),
  run(kills) {
    if (kills) process.kill(process.pid, 'SIGKILL')
    return kills
  },
})
