import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import * as tasks from './fixtures/tasks.mjs'
import { openFarm, until } from './open-farm.js'

describe('submits of one task with one dedupeKey', () => {
  it('run once and have one outcome, while it is queued and while it runs', async () => {
    const farm = await openFarm({ isolation: 'inline' })
    farm.pause()
    const queued = [1, 2].map((n) => farm.submit(tasks.spans, { key: 'x', n }, { dedupeKey: 'a' }))
    farm.resume()
    await until(() => farm.stats().held === 1)
    const late = farm.submit(tasks.spans, { key: 'x', n: 3 }, { dedupeKey: 'a' })
    const [first, second, third] = await Promise.all([...queued, late])
    expect(first).toMatchObject({ n: 1 })
    expect([second, third]).toEqual([first, first])
    expect(farm.stats().done).toBe(1)
  })

  it('run again once the first is settled, and share its error', async () => {
    const farm = await openFarm({ isolation: 'inline' })
    const failing = () => farm.submit(tasks.picky, -1, { dedupeKey: 'a' })
    const outcomes = await Promise.allSettled([failing(), failing()])
    expect(outcomes).toMatchObject(Array(2).fill({ reason: { code: 'TASK_FAILED' } }))
    expect(farm.stats().failed).toBe(1)
    expect(await farm.submit(tasks.picky, 1, { dedupeKey: 'a' })).toBe(1)
  })

  it('are not those of another task or another key', async () => {
    const farm = await openFarm({ isolation: 'inline' })
    const given = await Promise.all([
      farm.submit(tasks.double, 1, { dedupeKey: 'a' }),
      farm.submit(tasks.double, 2, { dedupeKey: 'b' }),
      farm.submit(tasks.picky, 3, { dedupeKey: 'a' }),
      farm.submit(tasks.double, 4),
    ])
    expect([given, farm.stats().done]).toEqual([[2, 4, 3, 8], 4])
  })

  it('lose only the caller whose signal aborts or whose deadline is over', async () => {
    const farm = await openFarm({ workers: 1 })
    const aborter = new AbortController()
    const submit = (options: object) => farm.submit(tasks.wait, 300, { dedupeKey: 'a', ...options })
    const gone = submit({ signal: aborter.signal }).catch((error: unknown) => error)
    const late = submit({ deadlineMs: 20 }).catch((error: unknown) => error)
    const stays = submit({})
    await until(() => farm.stats().held === 1)
    aborter.abort()
    expect([await gone, await late]).toMatchObject([{ code: 'ABORTED' }, { code: 'TIMEOUT' }])
    expect(await stays).toBe('waited')
    expect(farm.stats()).toMatchObject({ done: 1, cancelled: 0, failed: 0 })
    expect(getEventListeners(aborter.signal, 'abort')).toEqual([])
  })

  it('are cancelled when the last caller is gone', async () => {
    const farm = await openFarm({ workers: 1 })
    const aborters = [new AbortController(), new AbortController()]
    const given = aborters.map(({ signal }) => farm.submit(tasks.wait, 60_000, { dedupeKey: 'a', signal }))
    const outcomes = Promise.allSettled(given)
    await until(() => farm.stats().held === 1)
    aborters[0]!.abort()
    expect(farm.stats().cancelled).toBe(0)
    aborters[1]!.abort()
    expect(await outcomes).toMatchObject(Array(2).fill({ reason: { code: 'ABORTED' } }))
    expect(farm.stats().cancelled).toBe(1)
    await until(() => farm.stats().held === 0)
    expect(farm.stats().restarts).toBe(0)
    const after = farm.submit(tasks.wait, 1, { dedupeKey: 'a' })
    expect(await after).toBe('waited')
  })

  it('leave nothing behind that was refused', async () => {
    const farm = await openFarm({ isolation: 'inline' })
    const wrong = () => farm.submit(tasks.double, 'x' as never, { dedupeKey: 'a' })
    await expect(wrong()).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    const aborted = farm.submit(tasks.double, 1, { dedupeKey: 'a', signal: AbortSignal.abort() })
    await expect(aborted).rejects.toMatchObject({ code: 'ABORTED' })
    const unroutable = farm.submit(tasks.double, 1, { dedupeKey: 'a', tags: ['gpu'] })
    await expect(unroutable).rejects.toMatchObject({ code: 'UNROUTABLE' })
    expect(await farm.submit(tasks.double, 2, { dedupeKey: 'a' })).toBe(4)
  })
})
