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

/** Its first try of 7 never ends by itself. */
export const straggles = task({
  name: 'straggles',
  idempotent: true,
  input: z.number(),
  output: z.number(),
  run: (n, { attempt, signal }) => (n === 7 && attempt === 1 ? wait.run(60_000, { signal }) : n),
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

/** Fails as it is told to, and gives back what is no word of that. */
export const failing = task({
  name: 'failing',
  input: z.union([z.string(), z.number()]),
  output: z.unknown().refine((value) => value !== 'not fit', 'does not fit'),
  run(how, { signal }) {
    if (how === 'throw') throw new RangeError('told to throw')
    if (how === 'misfit') return 'not fit'
    // What JSON has no word for, and what no message can carry.
    if (how === 'bigint') return 1n
    if (how === 'circle') return circle()
    if (how === 'too long')
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    return how
  },
})

function circle() {
  const round = {}
  round.round = round
  return round
}

/** The length of a text; of `nothing` it returns nothing, and of `third` the number of its third try, until which it fails. */
export const odd = task({
  name: 'odd',
  input: z.string(),
  output: z.number().optional(),
  run(text, { attempt }) {
    if (text === 'nothing') return undefined
    if (text !== 'third') return text.length
    if (attempt < 3) throw new Error(`try ${attempt}`)
    return attempt
  },
})

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
