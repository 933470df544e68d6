import { task } from '@troupe/actors/farm'
import { expect, it } from 'vitest'
import { z } from 'zod'
import * as tasks from './fixtures/tasks.mjs'
import { collect, openFarm, range, until } from './open-farm.js'

it('begins the tasks of a higher priority before all that are queued', async () => {
  const farm = await openFarm({ isolation: 'inline', workers: 1 })
  const order: string[] = []
  const note = (name: string) => (n: string) => order.push(`${name} ${n}`)
  const first = farm.submit(tasks.wait, 20)
  await until(() => farm.stats().held === 1)
  const low = [1, 2].map((n) => farm.submit(tasks.wait, n).then(note(`low ${n}`)))
  const high = [1, 2].map((n) => farm.submit(tasks.wait, n, { priority: 1 }).then(note(`high ${n}`)))
  await Promise.all([first, ...low, ...high])
  expect(order).toEqual(['high 1 waited', 'high 2 waited', 'low 1 waited', 'low 2 waited'])
})

it('gives the outputs of a map with a priority in the order of its inputs, beside another map', async () => {
  const farm = await openFarm({ isolation: 'inline' })
  const [plain, prior] = await Promise.all([
    collect(farm.map(tasks.double, range(500))),
    collect(farm.map(tasks.double, range(500), { priority: 9 })),
  ])
  expect([plain, prior]).toEqual(Array(2).fill([...range(500)].map((n) => 2 * n)))
})

it('refuses a task with tags that no worker has, whoever asks for them', async () => {
  const farm = await openFarm({ isolation: 'inline' })
  const refusal = { code: 'UNROUTABLE', tags: ['gpu'], task: 'double' }
  await expect(farm.submit(tasks.double, 1, { tags: ['gpu'] })).rejects.toMatchObject(refusal)
  await expect(collect(farm.map(tasks.double, [1, 2], { tags: ['gpu'] }))).rejects.toMatchObject(refusal)
  const tagged = task({ ...tasks.double, tags: ['gpu'] })
  await expect(farm.submit(tagged, 1, { tags: ['big'] })).rejects.toMatchObject({ tags: ['big', 'gpu'] })
  expect(await farm.submit(tasks.double, 1)).toBe(2)
})

it.each([
  ['a priority that is no whole number', { priority: 0.5 }],
  ['tags that are no list', { tags: 'gpu' }],
  ['an empty tag', { tags: [''] }],
])('refuses %s', async (_, options) => {
  const farm = await openFarm({ isolation: 'inline', workers: 1 })
  await expect(farm.submit(tasks.double, 1, options as never)).rejects.toMatchObject({ code: 'INVALID_OPTIONS' })
  expect(() => farm.map(tasks.double, [1], options as never)).toThrow('not valid')
})

it.each([
  ['no list', 'gpu'],
  ['not all strings', [1]],
])('refuses a definition whose tags are %s', (_, tags) => {
  expect(() => task({ name: 'x', input: z.any(), output: z.any(), run: () => 1, tags: tags as never })).toThrow(
    'tags: must be a list of strings',
  )
})
