/**
 * `submitMany` and `forEach` of farms with a journal, over a restart.
 */
import { type Farm, MemoryJournal } from '@troupe/actors/farm'
import { describe, expect, it } from 'vitest'
import * as tasks from './fixtures/tasks.mjs'
import { openFarm, range, until } from './open-farm.js'

const COUNT = 300
const doubles = Array.from(range(COUNT), (n) => n * 2)
const open = (journal: MemoryJournal) => openFarm({ workers: 1, isolation: 'inline', concurrency: 4, journal })

/** Begins something that is ended by the stop of its farm, when so many tasks are done. */
async function interrupted(journal: MemoryJournal, done: number, begin: (farm: Farm) => Promise<unknown>) {
  const farm = await open(journal)
  const ended = expect(begin(farm)).rejects.toMatchObject({ code: 'CLOSED' })
  await until(() => farm.stats().done >= done)
  await farm.stop()
  await ended
}

describe('a submitMany with a journal', () => {
  it('gives all outputs when it is begun again, and runs nothing that is done', async () => {
    const journal = new MemoryJournal()
    await interrupted(journal, 20, (farm) => farm.submitMany(tasks.doubleLater, range(COUNT)))
    const farm = await open(journal)
    expect(await farm.submitMany(tasks.doubleLater, range(COUNT))).toEqual(doubles)
    expect(farm.stats().done).toBeLessThanOrEqual(COUNT - 20)
  })

  it.each(['auto', 'manual'] as const)(
    'gives them all again after it was complete, with acknowledge "%s"',
    async (acknowledge) => {
      const journal = new MemoryJournal()
      for (const ran of [COUNT, 0]) {
        const farm = await open(journal)
        expect(await farm.submitMany(tasks.double, range(COUNT), { acknowledge })).toEqual(doubles)
        expect(farm.stats().done).toBe(ran)
        await farm.stop()
      }
    },
  )

  it('refuses a run of which a map has taken outputs', async () => {
    const journal = new MemoryJournal()
    const named = { name: 'numbers' }
    const farm = await open(journal)
    expect(await farm.forEach(tasks.double, range(3), named)).toBe(3)
    await expect(farm.submitMany(tasks.double, range(3), named)).rejects.toMatchObject({
      code: 'JOURNAL_MISMATCH',
      message: expect.stringContaining('3 outputs of task "double" were taken'),
    })
    expect(await farm.forEach(tasks.double, range(3), named)).toBe(3)
  })
})

it('a forEach with a journal counts all inputs when it is begun again, and runs nothing that is done', async () => {
  const journal = new MemoryJournal()
  await interrupted(journal, 20, (farm) => farm.forEach(tasks.doubleLater, range(COUNT)))
  for (const most of [COUNT - 20, 0]) {
    const farm = await open(journal)
    expect(await farm.forEach(tasks.doubleLater, range(COUNT))).toBe(COUNT)
    expect(farm.stats().done).toBeLessThanOrEqual(most)
    await farm.stop()
  }
})
