/**
 * What is said of the rounds of one contender.
 */

export interface Summary {
  readonly rounds: number
  readonly median: number
  readonly min: number
  readonly max: number
}

/** @throws {RangeError} for no values */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle]
  if (upper === undefined) throw new RangeError('the median of no values')
  return sorted.length % 2 === 1 ? upper : (sorted[middle - 1]! + upper) / 2
}

/**
 * The smallest value that so large a share of all do not exceed.
 * @throws {RangeError} for no values
 */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  const found = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]
  if (found === undefined) throw new RangeError('a percentile of no values')
  return found
}

/** @throws {RangeError} for no values */
export function summarize(values: readonly number[]): Summary {
  return { rounds: values.length, median: median(values), min: Math.min(...values), max: Math.max(...values) }
}

/** How far the rounds lie apart, as a share of their median. */
export function spread({ median: middle, min, max }: Summary): number {
  return (max - min) / middle
}
