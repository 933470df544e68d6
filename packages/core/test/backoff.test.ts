import { BackoffOptions, backoffDelayMs, parseOptions } from '@troupe/core'
import { expect, it } from 'vitest'

const delays = (given: BackoffOptions, random?: () => number) => {
  const options = parseOptions(BackoffOptions, given, 'backoff')
  return [1, 2, 3, 4, 5].map((attempt) => backoffDelayMs(options, attempt, random))
}

it('does not wait unless it is told to', () => {
  expect(delays({})).toEqual([0, 0, 0, 0, 0])
})

it('multiplies the delay by the factor, up to the longest', () => {
  expect(delays({ minMs: 100 })).toEqual([100, 200, 400, 800, 1_600])
  expect(delays({ minMs: 100, factor: 3, maxMs: 1_000 })).toEqual([100, 300, 900, 1_000, 1_000])
  expect(delays({ minMs: 100, factor: 1 })).toEqual([100, 100, 100, 100, 100])
})

it('stays at the longest delay however many tries have failed', () => {
  const options = parseOptions(BackoffOptions, { minMs: 1, maxMs: 5_000 }, 'backoff')
  expect(backoffDelayMs(options, 100_000)).toBe(5_000)
  expect(backoffDelayMs({ ...options, minMs: 0 }, 100_000)).toBe(0)
})

it('takes off at random the share that is jitter', () => {
  const half = () => 0.5
  expect(delays({ minMs: 100, factor: 1, jitter: 1 }, half)).toEqual([50, 50, 50, 50, 50])
  expect(delays({ minMs: 100, factor: 1, jitter: 0.2 }, half)).toEqual([90, 90, 90, 90, 90])
})

it('refuses what makes no delay', () => {
  for (const wrong of [{ minMs: -1 }, { maxMs: -1 }, { factor: 0.5 }, { jitter: 1.1 }, { jitter: -0.1 }]) {
    expect(() => delays(wrong)).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS' }))
  }
})
