import { expect, it } from 'vitest'
import { garbage } from './garbage.js'

// `npm run chaos garbage` is the long run.
it('calls are answered right, and the memory stays bounded, while a peer sends garbage as fast as it can', async () => {
  const { calls, wrong, beforeMiB, mostMiB, sent } = await garbage({ seed: 20_000, ms: 2_000 })
  expect(wrong).toEqual([])
  expect(calls).toBeGreaterThan(16)
  expect(Math.min(...Object.values(sent))).toBeGreaterThan(0)
  expect(mostMiB - beforeMiB).toBeLessThan(150)
}, 120_000)
