import { expect, it } from 'vitest'
import { networkChaos } from './network-chaos.js'

const COUNT = 3_000

// `npm run chaos network` is the long run.
it.each([1, 2])(
  'every result of 3,000 tasks comes once though workers die, stand still and lose their network (seed %i)',
  async (seed) => {
    const { befell, wrong, stats, left } = await networkChaos({ count: COUNT, seed, every: [100, 250] })
    expect(wrong).toEqual([])
    expect(stats).toMatchObject({ done: COUNT, failed: 0, cancelled: 0, pending: 0, held: 0 })
    expect(Object.keys(befell).length).toBeGreaterThan(4)
    expect(left).toEqual([])
  },
  120_000,
)
