import { expect, test } from 'vitest'
import { median, percentile, spread, summarize } from '../dist/statistics.js'

test('the median of an odd number of values is the middle one, whatever their order', () => {
  expect(median([9, 1, 100])).toBe(9)
})

test('the median of an even number of values is half way between the two in the middle', () => {
  expect(median([10, 1, 4, 2])).toBe(3)
})

test('the median compares numbers, not their text', () => {
  expect(median([10, 9, 100])).toBe(10)
})

test('no values have no median', () => {
  expect(() => median([])).toThrow(RangeError)
})

test('the 99th percentile of two hundred values has two above it, whatever their order', () => {
  const values = Array.from({ length: 200 }, (_, index) => ((index * 7) % 200) + 1)
  expect(percentile(values, 0.99)).toBe(198)
})

test('a percentile of few values is the largest, and of no values there is none', () => {
  expect(percentile([3, 9, 10], 0.99)).toBe(10)
  expect(() => percentile([], 0.99)).toThrow(RangeError)
})

test('a summary has the rounds, their median and both ends', () => {
  expect(summarize([3, 1, 2])).toEqual({ rounds: 3, median: 2, min: 1, max: 3 })
})

test('the spread is the distance of the ends as a share of the median', () => {
  expect(spread({ rounds: 2, median: 100, min: 90, max: 120 })).toBeCloseTo(0.3)
})
