/**
 * Counts of times by their size, sixteen steps to each power of two: what it says of a time is right to one part in thirty.
 *
 * The bits of a number as a 32-bit float are its power of two and, behind it, where it stands up to the next: cut short, they
 * are the number of its step.
 */

const CUT = 23 - 4
/** Shorter times count as this, in ms. */
const LEAST_MS = 2 ** -10
/** Longer times count as this, in ms: 24 days. */
const MOST_MS = 2 ** 31

const float = new Float32Array(1)
const bits = new Uint32Array(float.buffer)

const FIRST = stepOf(LEAST_MS)
const STEPS = stepOf(MOST_MS) - FIRST + 1

export class Histogram {
  readonly #counts = new Float64Array(STEPS)
  #total = 0

  /** Counts a time, `weight` times over. */
  record(ms: number, weight: number): void {
    this.#counts[stepOf(Math.min(MOST_MS, Math.max(LEAST_MS, ms))) - FIRST]! += weight
    this.#total += weight
  }

  clear(): void {
    this.#counts.fill(0)
    this.#total = 0
  }

  /**
   * For each share, the lowest first, the time than which so much of all that two have counted is no longer; undefined when
   * they have counted nothing.
   */
  static quantiles(one: Histogram, other: Histogram, shares: readonly number[]): (number | undefined)[] {
    const total = one.#total + other.#total
    if (total === 0) return shares.map(() => undefined)
    const [counts, others] = [one.#counts, other.#counts]
    let step = 0
    let passed = counts[0]! + others[0]!
    return shares.map((share) => {
      while (passed < total * share && step < STEPS - 1) {
        step++
        passed += counts[step]! + others[step]!
      }
      return middleOf(step)
    })
  }
}

function stepOf(ms: number): number {
  float[0] = ms
  return bits[0]! >>> CUT
}

function middleOf(step: number): number {
  bits[0] = ((step + FIRST) << CUT) | (1 << (CUT - 1))
  return float[0]!
}
