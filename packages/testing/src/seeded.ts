/**
 * Randomness from a seed (mulberry32), so that what a test found can be seen again.
 */

export interface Seeded {
  /** From 0 to 1, as Math.random. */
  (): number
  /** A whole number from `low` to `high`, both included. */
  whole(low: number, high: number): number
  /** True so often, from 0 (never) to 1 (always). */
  chance(share: number): boolean
  pick<Value>(values: readonly Value[]): Value
}

export function seeded(seed: number): Seeded {
  let state = seed | 0
  const random = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const whole = (low: number, high: number) => low + Math.floor(random() * (high - low + 1))
  return Object.assign(random, {
    whole,
    chance: (share: number) => random() < share,
    pick: <Value>(values: readonly Value[]): Value => values[whole(0, values.length - 1)] as Value,
  })
}
