import fc from 'fast-check'
import { expect, it } from 'vitest'
import { FIRST_PARTS, PartCredit } from '../../dist/farm/part-credit.js'

it('parts beyond what was allowed are told apart', () => {
  const credit = new PartCredit()
  expect(credit.came(FIRST_PARTS, 100)).toBe(true)
  expect(credit.came(1, 10)).toBe(false)
})

it('a try of large parts is given fewer at a time than one of small parts', () => {
  const allowed = (bytes: number) => {
    const credit = new PartCredit()
    credit.came(FIRST_PARTS, FIRST_PARTS * bytes)
    return credit.took(FIRST_PARTS)
  }
  expect([100, 100_000, 1 << 20, 1 << 30].map(allowed)).toEqual([8 + 256, 8 + 41, 8 + 4, 8 + 2])
})

it('whatever is taken when, a try never stands still once all was taken, and never runs ahead by more than its window', () => {
  const steps = fc.array(fc.record({ come: fc.integer({ min: 1, max: 300 }), take: fc.integer({ min: 1, max: 300 }) }))
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 1 << 22 }), (all, bytes) => {
      const credit = new PartCredit()
      let [allowed, came, taken] = [FIRST_PARTS, 0, 0]
      for (const { come, take } of all) {
        const next = Math.min(come, allowed - came)
        came += next
        expect(credit.came(next, next * bytes)).toBe(true)
        const some = Math.min(take, came - taken)
        if (some === 0) continue
        taken += some
        allowed = credit.took(some) ?? allowed
        expect(allowed).toBeGreaterThan(taken)
        expect(allowed - taken).toBeLessThanOrEqual(Math.max(FIRST_PARTS, 256))
      }
    }),
  )
})
