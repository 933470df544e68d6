/**
 * Sets of indexes as runs of consecutive ones.
 */
import type { Ranges } from './journal.js'

/** The indexes in their order, as ranges. */
export function rangesOf(indexes: Iterable<number>): Ranges {
  const ranges: [number, number][] = []
  let last: [number, number] | undefined
  for (const index of indexes) {
    if (last !== undefined && index === last[0] + last[1]) last[1]++
    else {
      last = [index, 1]
      ranges.push(last)
    }
  }
  return ranges
}

/** All the indexes of the ranges, in their order. */
export function* indexesOf(ranges: Ranges): Generator<number> {
  for (const [first, count] of ranges) for (let index = first; index < first + count; index++) yield index
}

/** All these indexes, sorted, as few ranges as possible. */
export function mergeRanges(all: readonly Ranges[]): Ranges {
  const sorted = all.flat().sort(([a], [b]) => a - b)
  const merged: [number, number][] = []
  for (const [first, count] of sorted) {
    const last = merged.at(-1)
    if (count === 0) continue
    if (last === undefined || first > last[0] + last[1]) merged.push([first, count])
    else last[1] = Math.max(last[1], first + count - last[0])
  }
  return merged
}

/** Whether all indexes of `ranges` are in `merged`, which `mergeRanges` made. */
export function covers(merged: Ranges, ranges: Ranges): boolean {
  return ranges.every(([first, count]) => {
    if (count === 0) return true
    const range = rangeAt(merged, first)
    return range !== undefined && first + count <= range[0] + range[1]
  })
}

/** How many indexes there are. */
export function countOf(ranges: Ranges): number {
  return ranges.reduce((sum, [, count]) => sum + count, 0)
}

/** The last range that begins at the index or before. */
function rangeAt(merged: Ranges, index: number): Ranges[number] | undefined {
  let low = 0
  let high = merged.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (merged[middle]![0] <= index) low = middle + 1
    else high = middle
  }
  return merged[low - 1]
}
