import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import * as stream from './fixtures/stream-tasks.mjs'
import * as tasks from './fixtures/tasks.mjs'
import { collect, GROUNDS, openFarm, range, until } from './open-farm.js'

const STREAM_TASKS = new URL('./fixtures/stream-tasks.mjs', import.meta.url)
const SOON = { speculate: { minMs: 20 } } as const

/** The first try of 7 gives nothing; what waits behind it in its worker may come from a second run too. */
function expectAll(outputs: readonly string[]): void {
  expect(outputs.map((output) => Number.parseInt(output, 10))).toEqual([...range(12)])
  expect(outputs[7]).toBe('7 by 2')
}

describe.each(GROUNDS)('a map that speculates in a farm of %s', (_, ground) => {
  it('ends though a task does not, whose second run gives its result', async () => {
    const farm = await openFarm({ ...ground, workers: 2 })
    expectAll(await collect(farm.map(tasks.straggles, range(12), SOON)))
    await until(() => farm.stats().held === 0)
    const ends = { done: 12, failed: 0, cancelled: 0, retried: 0, redelivered: 0, pending: 0, held: 0, restarts: 0 }
    const { speculated, dispatched, ...stats } = farm.stats()
    expect(stats).toMatchObject(ends)
    expect(speculated).toBeGreaterThan(0)
    expect(dispatched).toBe(12 + speculated)
  })
})

describe('a map', () => {
  it('runs nothing twice that is not said to be idempotent, nor where its order or its parts would suffer', async () => {
    const farm = await openFarm({ isolation: 'inline' })
    const streaming = await openFarm({ isolation: 'inline', tasks: STREAM_TASKS })
    const refused = (map: () => unknown) => expect(map).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS' }))
    refused(() => farm.map(tasks.double, [1], { speculate: true }))
    refused(() => farm.map(tasks.straggles, [1], { speculate: true, key: () => 'a' }))
    const parts = { ...stream.count, idempotent: true }
    refused(() => streaming.map(parts, [{ count: 1 }], { speculate: true, onPartial: () => undefined }))
    expect(() => farm.map(tasks.double, [1], { speculate: true })).toThrow(/task "double".*`idempotent`/)
    expect(await collect(farm.map(tasks.double, [1], { speculate: false }))).toEqual([2])
  })

  it('keeps the outcome of a second run in its journal', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'troupe-speculation-'))
    const journal = join(folder, 'run.journal')
    const once = async (speculates: boolean) => {
      const farm = await openFarm({ isolation: 'inline', journal })
      const map = farm.map(tasks.straggles, range(12), { acknowledge: 'manual', ...(speculates && SOON) })
      const outputs = await collect(map)
      const { done } = farm.stats()
      await farm.stop()
      return { outputs, done }
    }
    const first = await once(true)
    expectAll(first.outputs)
    expect(await once(false)).toEqual({ outputs: first.outputs, done: 0 })
    rmSync(folder, { recursive: true })
  })
})
