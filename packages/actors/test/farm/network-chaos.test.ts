import { expect, it } from 'vitest'
import { temporaryFolder } from './journal/temporary-folder.js'
import { networkChaos } from './network-chaos.js'

const COUNT = 3_000
/** Everything once. */
const DEEDS = 24

// `npm run chaos network` is the long run.
it('every result of 3,000 tasks comes once though workers die, stand still and lose their network', async () => {
  const { count, befell, wrong, stats, left } = await networkChaos({
    ...{ count: COUNT, seed: 1, deeds: DEEDS, folder: temporaryFolder() },
  })
  expect(wrong).toEqual([])
  expect(count).toBeGreaterThanOrEqual(COUNT)
  expect(stats).toMatchObject({ done: count, failed: 0, cancelled: 0, pending: 0, held: 0 })
  expect(Object.keys(befell).length).toBe(DEEDS)
  expect(left).toEqual([])
}, 120_000)
