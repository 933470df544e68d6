import { expect, it } from 'vitest'
import { chaos } from './chaos.js'

const COUNT = 1_200

// `npm run chaos` is the long run.
it.each([
  ['map over ipc', { way: 'map' }],
  ['mapUnordered over tcp', { way: 'mapUnordered', options: { endpoint: 'tcp://127.0.0.1:*' } }],
] as const)(
  'every result of 1,200 tasks comes once by %s though workers are killed and stopped at random',
  async (_name, terms) => {
    const { killed, stopped, wrong, stats } = await chaos({ ...terms, count: COUNT, seed: 20_000, every: [180, 240] })
    expect(wrong).toEqual([])
    expect(stats).toMatchObject({ done: COUNT, failed: 0, pending: 0, held: 0 })
    expect(killed).toBeGreaterThanOrEqual(2)
    expect(stopped).toBeGreaterThanOrEqual(2)
    expect(stats.restarts).toBe(killed + stopped)
    expect(stats.redelivered).toBeGreaterThan(0)
  },
  60_000,
)
