import { task } from '@troupe/actors/farm'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import * as tasks from './fixtures/tasks.mjs'
import { collect, openFarm, range } from './open-farm.js'

const rate = { limit: 5, perMs: 200 }
const inputs = [...range(10)].map((n) => ({ key: 'x', n }))

describe.each([
  ['the farm', { rate }, {}, {}],
  ['the task', {}, { rate }, {}],
  ['the map', {}, {}, { rate }],
])('a rate of %s', (_, ofFarm, ofTask, ofMap) => {
  it('holds back what is beyond its limit', async () => {
    const farm = await openFarm({ isolation: 'inline', concurrency: 20, ...ofFarm })
    const calledMs = Number(process.hrtime.bigint()) / 1e6
    const spans = await collect(farm.map(task({ ...tasks.spans, ...ofTask }), inputs, ofMap))
    const beganMs = spans.map(({ startMs }) => startMs - calledMs).sort((a, b) => a - b)
    // The first is sent after the call, and the sixth so long after the first.
    expect(beganMs[5]).toBeGreaterThanOrEqual(200)
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
