import { expect, it } from 'vitest'
import { answersAndDies, double, garbles, noMean } from './fixtures/tasks.mjs'
import { collect, GROUNDS, openFarm } from './open-farm.js'

it('an answer counts once though its worker dies before, while or after it is sent', async () => {
  const farm = await openFarm({ intensity: 1_000 })
  const afterMs = Array.from({ length: 16 }, (_, n) => n % 8)
  const outputs: number[] = []
  for await (const output of farm.map(answersAndDies, afterMs)) outputs.push(output)
  expect(outputs).toEqual(afterMs)
  expect(farm.stats()).toMatchObject({ done: 16, failed: 0, pending: 0, held: 0 })
  expect(farm.stats().redelivered).toBeGreaterThan(0)
})

it.each(GROUNDS)('an error with a field that is no finite number costs its task alone: %s', async (_name, ground) => {
  const farm = await openFarm(ground)
  const inputs = Array.from({ length: 200 }, (_, n) => (n === 100 ? [] : [n]))
  const outcomes = await collect(farm.map(noMean, inputs, { settled: true }))
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(199)
  expect(outcomes[100]).toMatchObject({ reason: { code: 'TASK_FAILED', cause: { message: 'no mean', mean: 'NaN' } } })
  expect(farm.stats()).toMatchObject({ restarts: 0, held: 0 })
})

it.each(['process', 'thread'] as const)('an answer that cannot be read ends its worker, a %s', async (isolation) => {
  const farm = await openFarm({ isolation, intensity: 1_000 })
  const others = collect(farm.map(double, Array(500).fill(1)))
  expect(await farm.submit(garbles, 2)).toBe(3)
  expect(await others).toEqual(Array(500).fill(2))
  expect(farm.stats()).toMatchObject({ failed: 0, held: 0 })
})

it('a task whose answers can never be read is poisoned', async () => {
  const farm = await openFarm({ intensity: 1_000 })
  await expect(farm.submit(garbles, 100)).rejects.toMatchObject({
    code: 'TASK_POISONED',
    cause: { message: 'the farm ended its worker: its RESULTS cannot be read' },
  })
  expect(await farm.submit(double, 1)).toBe(2)
})
