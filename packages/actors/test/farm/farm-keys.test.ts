import { task } from '@troupe/actors/farm'
import { expect, it } from 'vitest'
import { z } from 'zod'
import * as tasks from './fixtures/tasks.mjs'
import { collect, GROUNDS, openFarm, range, until } from './open-farm.js'

it.each(GROUNDS)('runs the tasks of one key one after the other, on %s', async (_, ground) => {
  const farm = await openFarm({ ...ground, concurrency: 4 })
  const inputs = [...range(60)].map((n) => ({ key: `k${n % 3}`, n }))
  const given = await collect(farm.map(tasks.spans, inputs, { key: ({ key }) => key }))
  for (const key of ['k0', 'k1', 'k2']) {
    const spans = given.filter((span) => span.key === key)
    expect(spans.map(({ n }) => n)).toEqual(inputs.filter((input) => input.key === key).map(({ n }) => n))
    for (const [index, { startMs }] of spans.slice(1).entries()) {
      expect(startMs).toBeGreaterThanOrEqual(spans[index]!.endMs)
    }
  }
})

it('holds the order of submits of a key when the worker of the first is killed', async () => {
  const farm = await openFarm({ workers: 2 })
  const order: string[] = []
  const note = (name: string) => () => order.push(name)
  const first = farm.submit(tasks.wait, 400, { key: 'x' }).then(note('first'))
  const second = farm.submit(tasks.wait, 1, { key: 'x' }).then(note('second'))
  const other = farm.submit(tasks.wait, 1, { key: 'y' }).then(note('other'))
  await other
  await until(() => farm.stats().held === 1)
  const busy = farm.stats().workers.find(({ held }) => held === 1)!
  process.kill(busy.pid!, 'SIGKILL')
  await Promise.all([first, second])
  expect(order).toEqual(['other', 'first', 'second'])
  expect(farm.stats()).toMatchObject({ redelivered: 1, pending: 0, held: 0 })
})

it('fails a task of a map whose key throws or is no string, and only that', async () => {
  const farm = await openFarm({ isolation: 'inline' })
  const key = (n: number) => {
    if (n === 1) throw new Error('no key for 1')
    return n === 2 ? (2 as unknown as string) : 'x'
  }
  const outcomes = await collect(farm.map(tasks.double, range(4), { key, settled: true }))
  expect(outcomes).toMatchObject([
    { value: 0 },
    { reason: { code: 'INVALID_INPUT', message: expect.stringContaining('has no key: no key for 1') } },
    { reason: { code: 'INVALID_INPUT', message: expect.stringContaining('no string but number') } },
    { value: 6 },
  ])
})

it('keeps the key of the definition for errors alone', async () => {
  const farm = await openFarm({ isolation: 'inline' })
  await expect(farm.submit(tasks.picky, -1, { key: 'x' })).rejects.toMatchObject({ key: 'number -1' })
  const named = task({ name: 'double', input: z.number(), output: z.number(), key: () => 'all', run: (n) => n })
  expect(await collect(farm.map(named, range(3)))).toEqual([0, 2, 4])
})
