import { expect, it } from 'vitest'
import * as tasks from './fixtures/tasks.mjs'
import { openFarm, range } from './open-farm.js'

const COUNT = 20_000

/** Numbers from 0 to 1 that follow from a seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

it.each([
  ['map', { endpoint: undefined }],
  ['mapUnordered', { endpoint: 'tcp://127.0.0.1:*' }],
] as const)(
  'every result of 20,000 tasks comes once by %s though workers are killed and stopped at random',
  async (way, { endpoint }) => {
    const random = randomFrom(20_000)
    const farm = await openFarm({ workers: 3, heartbeatMs: 50, livenessMs: 250, ...(endpoint && { endpoint }) })
    const seen = new Map<number, number>()
    let disturbances = 0
    let nextAt = 500
    for await (const output of farm[way](tasks.doubleLater, range(COUNT))) {
      seen.set(output, (seen.get(output) ?? 0) + 1)
      if (seen.size < nextAt) continue
      nextAt += 200 + Math.floor(random() * 1_600)
      const busy = farm.stats().workers.filter(({ state, held }) => state === 'working' && held > 0)
      const victim = busy[Math.floor(random() * busy.length)]
      if (victim?.pid === undefined) continue
      process.kill(victim.pid, random() < 0.75 ? 'SIGKILL' : 'SIGSTOP')
      disturbances++
    }
    expect(disturbances).toBeGreaterThan(5)
    expect(seen.size).toBe(COUNT)
    expect([...seen].filter(([output, times]) => times !== 1 || output % 2 !== 0)).toEqual([])
    expect(farm.stats()).toMatchObject({ done: COUNT, failed: 0, pending: 0, held: 0 })
    expect(farm.stats().restarts).toBeGreaterThan(0)
  },
  120_000,
)
