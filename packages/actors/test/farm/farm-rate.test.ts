import { task } from '@troupe/actors/farm'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import * as tasks from './fixtures/tasks.mjs'
import { collect, openFarm, range } from './open-farm.js'

const rate = { limit: 5, perMs: 80 }
/** Ten tasks at five in 80 ms: the last begin 80 ms after the first at the earliest. */
const inputs = [...range(10)].map((n) => ({ key: 'x', n }))

/** How long after the first the sixth began, in ms. */
function sixthMs(spans: readonly { startMs: number }[]): number {
  const starts = spans.map(({ startMs }) => startMs).sort((a, b) => a - b)
  return starts[5]! - starts[0]!
}

describe.each([
  ['the farm', { rate }, {}, {}],
  ['the task', {}, { rate }, {}],
  ['the map', {}, {}, { rate }],
])('a rate of %s', (_, ofFarm, ofTask, ofMap) => {
  it('holds back what is beyond its limit', async () => {
    const farm = await openFarm({ isolation: 'inline', concurrency: 20, ...ofFarm })
    const spans = await collect(farm.map(task({ ...tasks.spans, ...ofTask }), inputs, ofMap))
    // What began is counted at the farm; on its way a task may lose, and win, some time.
    expect(sixthMs(spans)).toBeGreaterThan(60)
    expect(spans.map(({ n }) => n)).toEqual([...range(10)])
  })
})

it.each([
  ['a limit of 0', { limit: 0, perMs: 1 }],
  ['no time', { limit: 1 }],
])('refuses a rate with %s', async (_, wrong) => {
  await expect(openFarm({ isolation: 'inline', rate: wrong as never })).rejects.toMatchObject({
    code: 'INVALID_OPTIONS',
  })
  expect(() => task({ name: 'x', input: z.any(), output: z.any(), run: () => 1, rate: wrong as never })).toThrow(
    'rate: must have a limit',
  )
})
