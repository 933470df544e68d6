import { parseOptions } from '@troupe/core'
import { expect, it } from 'vitest'
import { z } from 'zod'

const Options = z.strictObject({
  workers: z.number().int().positive().default(2),
  limits: z.strictObject({ timeoutMs: z.number().nonnegative().default(5_000) }).prefault({}),
})

it('fills the defaults in and leaves what was given as it was', () => {
  const given = Object.freeze({ limits: Object.freeze({ timeoutMs: 0 }) })
  expect(parseOptions(Options, given, 'farm')).toEqual({ workers: 2, limits: { timeoutMs: 0 } })
  expect(parseOptions(Options, {}, 'farm')).toEqual({ workers: 2, limits: { timeoutMs: 5_000 } })
})

it('names every option that is wrong by its path, and whose it is', () => {
  const wrong = { workers: 0, limits: { timeoutMs: 'soon' } }
  expect(() => parseOptions(Options, wrong, 'farm')).toThrow(
    expect.objectContaining({
      name: 'InvalidOptionsError',
      code: 'INVALID_OPTIONS',
      retryable: false,
      message: expect.stringMatching(/^options of farm are not valid: workers: .+; limits\.timeoutMs: .+/),
      issues: [expect.objectContaining({ path: 'workers' }), expect.objectContaining({ path: 'limits.timeoutMs' })],
    }),
  )
})

it('refuses an option that it does not know, by name', () => {
  expect(() => parseOptions(Options, { wrokers: 2 }, 'farm')).toThrow(/wrokers/)
})

it('refuses what are no options at all', () => {
  for (const wrong of [null, 3, 'x', []]) {
    expect(() => parseOptions(Options, wrong, 'farm')).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS' }))
  }
})
