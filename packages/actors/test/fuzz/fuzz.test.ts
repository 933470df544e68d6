import { anyEndpoint } from '@troupe/testing'
import { describe, expect, it } from 'vitest'
import { DECODERS } from './decoders.js'
import { fuzz, messageOf } from './fuzz.js'
import { fuzzFarm, fuzzService } from './live.js'
import { fuzzConnections } from './raw-tcp.js'

const SEED = 20_000

// `npm run fuzz` is the long run.
describe.each(DECODERS.map((decoder) => [decoder.name, decoder] as const))('%s', (_name, decoder) => {
  it('takes real messages as they are', () => {
    expect(decoder.corpus.filter((parts) => !decoder.take(parts)).length).toBeLessThan(
      decoder.name.startsWith('schema') ? 99 : 1,
    )
  })

  it('takes or refuses each of 5,000 mutated ones, and never throws, hangs or touches a prototype', () => {
    const { guilty, taken, refused } = fuzz(decoder, 5_000, SEED)
    expect(guilty).toBeUndefined()
    expect(taken + refused).toBe(5_000)
    expect(refused).toBeGreaterThan(0)
  })
})

it('a seed gives the same messages again', () => {
  const { corpus } = DECODERS[0]!
  const all = (seed: number) => Array.from({ length: 100 }, (_, number) => messageOf(corpus, seed, number))
  expect(all(SEED)).toEqual(all(SEED))
  expect(all(SEED)).not.toEqual(all(SEED + 1))
})

it('a farm goes on, and serves the honest, while its sink is sent mutated frames', async () => {
  const { wrong, honest, frames, refused } = await fuzzFarm(1_500, SEED)
  expect([wrong, frames, honest]).toEqual([[], 1_500, 6])
  expect(refused).toBeGreaterThan(0)
})

it.each(['tcp', 'ipc'] as const)(
  'a service goes on, and answers the honest, while peers send it mutated frames over %s',
  async (transport) => {
    const { wrong, honest, frames, refused } = await fuzzService(anyEndpoint(transport), 1_500, SEED)
    expect([wrong, frames, honest]).toEqual([[], 1_500, 6])
    expect(refused).toBeGreaterThan(0)
  },
)

describe.each([
  ['farm', false],
  ['farm', true],
  ['service', false],
  ['service', true],
] as const)('a %s (with security: %s)', (what, isSecured) => {
  it('goes on, and serves the honest, while raw connections send it what is almost right, too long, slow, or nothing', async () => {
    const { wrong, honest, frames } = await fuzzConnections(what, isSecured, 400, SEED)
    expect([wrong, frames, honest]).toEqual([[], 400, 4])
  })
})
