import { expect, it } from 'vitest'
import { answersAndDies } from './fixtures/tasks.mjs'
import { openFarm } from './open-farm.js'

it('an answer counts once though its worker dies before, while or after it is sent', async () => {
  const farm = await openFarm({ intensity: 1_000 })
  const afterMs = Array.from({ length: 16 }, (_, n) => n % 8)
  const outputs: number[] = []
  for await (const output of farm.map(answersAndDies, afterMs)) outputs.push(output)
  expect(outputs).toEqual(afterMs)
  expect(farm.stats()).toMatchObject({ done: 16, failed: 0, pending: 0, held: 0 })
  expect(farm.stats().redelivered).toBeGreaterThan(0)
})
