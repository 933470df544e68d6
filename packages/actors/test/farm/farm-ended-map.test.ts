/**
 * Maps that are ended while nobody reads them: by their signal, or by their deadline.
 */
import { MemoryJournal } from '@troupe/actors/farm'
import { describe, expect, it } from 'vitest'
import * as tasks from './fixtures/tasks.mjs'
import { collect, openFarm, range, until } from './open-farm.js'

const ENDS = [
  ['its signal', () => ({ signal: AbortSignal.timeout(300) })],
  ['its deadline', () => ({ deadlineMs: 300 })],
] as const

describe.each(ENDS)('a map that is ended by %s and is not read', (_, ending) => {
  it('lets go of its source, and runs nothing more', async () => {
    const farm = await openFarm({ workers: 1, isolation: 'inline' })
    let isLetGo = false
    async function* source() {
      try {
        for (const n of range(1_000)) {
          await new Promise((resolve) => setTimeout(resolve, 5))
          yield n
        }
      } finally {
        isLetGo = true
      }
    }
    const results = farm.map(tasks.double, source(), ending())
    expect((await results.next()).value).toBe(0)
    await until(() => isLetGo && farm.stats().pending + farm.stats().held === 0)
    expect(farm.stats().done).toBeLessThan(100)
    await expect(results.next()).rejects.toMatchObject({ code: expect.stringMatching('ABORTED|TIMEOUT') })
    expect(await results.next()).toEqual({ done: true, value: undefined })
  })

  it('does not hold up the drain of its farm, whose source never ends', async () => {
    const farm = await openFarm({ workers: 1, isolation: 'inline' })
    async function* source() {
      yield 1
      await new Promise(() => undefined)
    }
    const results = farm.map(tasks.double, source(), ending())
    await results.next()
    await farm.drain()
    expect(farm.state).toBe('stopped')
  })

  it('leaves its durable name to the next, which goes on with it', async () => {
    const farm = await openFarm({ workers: 1, isolation: 'inline', journal: new MemoryJournal() })
    const named = { name: 'numbers' }
    const results = farm.map(tasks.doubleLater, range(400), { ...named, ...ending() })
    expect([(await results.next()).value, (await results.next()).value]).toEqual([0, 2])
    const again = () => farm.map(tasks.doubleLater, range(400), named)
    let next: ReturnType<typeof again> | undefined
    await until(() => {
      next = attempt(again)
      return next !== undefined
    })
    expect(await collect(next!)).toEqual(Array.from(range(400), (n) => n * 2).slice(1))
  })
})

it('a map whose source aborts it while it is read lets go of the source', async () => {
  const farm = await openFarm({ workers: 1, isolation: 'inline' })
  const aborter = new AbortController()
  let isLetGo = false
  function* source() {
    try {
      yield 1
      aborter.abort()
      yield 2
    } finally {
      isLetGo = true
    }
  }
  const results = farm.map(tasks.double, source(), { signal: aborter.signal })
  await expect(results.next()).rejects.toMatchObject({ code: 'ABORTED' })
  expect(isLetGo).toBe(true)
})

function attempt<Value>(make: () => Value): Value | undefined {
  try {
    return make()
  } catch {
    return undefined
  }
}
