import { expect, it } from 'vitest'
import { durableChaos } from './durable-chaos.js'
import { temporaryFolder } from './journal/temporary-folder.js'

// `npm run chaos durable` plays more of them.
it('a durable map that is killed with its workers again and again has each outcome in its output once, and leaves nothing', async () => {
  const { wrong, deaths, workersKilled } = await durableChaos({
    ...{ seed: 1, folder: temporaryFolder(), deaths: 3, count: 4_000 },
  })
  expect(wrong).toEqual([])
  expect(deaths).toBeGreaterThanOrEqual(2)
  expect(workersKilled).toBeGreaterThanOrEqual(1)
})
