import { createHash, randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import * as tasks from './fixtures/binary-tasks.mjs'
import { collect, GROUNDS, openFarm, range, sharedFarm } from './open-farm.js'

const TASKS = new URL('./fixtures/binary-tasks.mjs', import.meta.url)
const MIB = 1 << 20
const SMALL = randomBytes(1_000)
const LARGE = randomBytes(MIB)

describe.each(GROUNDS)('a farm of %s', (_name, ground) => {
  const running = sharedFarm({ ...ground, tasks: TASKS })

  it.each([
    ['small', SMALL],
    ['large', LARGE],
    ['large, no Buffer', new Uint8Array(LARGE)],
    ['large, a slice of a larger one', new Uint8Array(LARGE).subarray(1_000, 500_000)],
  ])('carries bytes both ways as Buffers that share memory with nothing: %s', async (_what, bytes) => {
    const output = await running().submit(tasks.mirror, { bytes, list: [{ more: bytes }, 'text'] })
    expect(output).toMatchObject({ isBuffer: true, isAlone: true })
    const { value } = output as { value: { bytes: Buffer; list: [{ more: Buffer }, string] } }
    expect(Buffer.isBuffer(value.bytes)).toBe(true)
    expect(value.bytes.buffer.byteLength).toBe(bytes.length)
    expect(value.bytes.equals(bytes) && value.list[0].more.equals(bytes)).toBe(true)
    expect(value.bytes.buffer).not.toBe(value.list[0].more.buffer)
    expect(value.list[1]).toBe('text')
  })

  it('leaves the value of the caller alone, though the task writes over its own', async () => {
    const bytes = randomBytes(MIB)
    const before = Buffer.from(bytes)
    const output = await running().submit(tasks.scribble, bytes)
    expect(output.every((byte) => byte === 7)).toBe(true)
    expect(bytes.equals(before)).toBe(true)
  })

  it('has the bytes still when it tries a task again', async () => {
    const task = running().submit(tasks.digestLater, { bytes: LARGE, first: 'throw' }, { retries: 1 })
    expect(await task).toBe(createHash('sha256').update(LARGE).digest('hex'))
    const failed = running().submit(tasks.digestLater, { bytes: LARGE, first: 'throw' })
    await expect(failed).rejects.toMatchObject({ code: 'TASK_FAILED', key: `of ${MIB}` })
  })

  it('gives the others when one output among them cannot be encoded', async () => {
    const outcomes = await collect(running().map(tasks.mixed, [1, 2, 3, 4, 5], { settled: true }))
    const good = (n: number) => ({ status: 'fulfilled', value: { bytes: Buffer.alloc(100_000, n), beside: n } })
    const bad = { status: 'rejected', reason: { code: 'INVALID_OUTPUT' } }
    expect(outcomes).toMatchObject([good(1), good(2), bad, good(4), good(5)])
  })

  it('reads no more of a map of 1 MiB values ahead than its bound of memory', async () => {
    let read = 0
    function* inputs() {
      for (const _ of range(1_000)) {
        read++
        yield { bytes: MIB }
      }
    }
    const map = running().map(tasks.produce, inputs())
    let given = 0
    let ahead = 0
    for await (const { length } of map) {
      expect(length).toBe(MIB)
      ahead = Math.max(ahead, read - ++given)
      if (given === 200) break
    }
    expect(ahead).toBeLessThanOrEqual(32)
  })
})

it.each(GROUNDS.slice(0, 2))('has the bytes still when their worker dies: %s', async (_name, ground) => {
  const farm = await openFarm({ ...ground, tasks: TASKS })
  const hash = createHash('sha256').update(LARGE).digest('hex')
  expect(await farm.submit(tasks.digestLater, { bytes: LARGE, first: 'die' })).toBe(hash)
  expect((await farm.submit(tasks.produce, { bytes: MIB, first: 'die' })).length).toBe(MIB)
})
