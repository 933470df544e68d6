/**
 * Maps as streams of Node and of the web.
 */
import { Readable, Writable } from 'node:stream'
import { finished, pipeline } from 'node:stream/promises'
import { ReadableStream, WritableStream } from 'node:stream/web'
import { MemoryJournal } from '@troupe/actors/farm'
import { describe, expect, it } from 'vitest'
import * as tasks from './fixtures/tasks.mjs'
import { collect, isIdle, openFarm, range, sharedFarm, until } from './open-farm.js'

const doubles = (count: number) => Array.from(range(count), (n) => n * 2)
const bySize = (a: number, b: number) => a - b
const WINDOW = 100

/** Counts what is read of it and says when it was let go of. */
function watched(count: number) {
  const seen = { read: 0, released: false }
  function* inputs() {
    try {
      for (const n of range(count)) {
        seen.read++
        yield n
      }
    } finally {
      seen.released = true
    }
  }
  return { seen, inputs: inputs() }
}

function* broken(count: number) {
  yield* range(count)
  throw new Error('the input broke')
}

function gathering() {
  const values: unknown[] = []
  const sink = new Writable({
    objectMode: true,
    write(value, _encoding, done) {
      values.push(value)
      done()
    },
  })
  return { values, sink }
}

/** Takes nothing, ever. */
const stuck = () => new Writable({ objectMode: true, highWaterMark: 1, write() {} })

describe.each([
  ['inline', { isolation: 'inline' }],
  ['processes', {}],
] as const)('a farm (%s) as a stream', (_name, ground) => {
  const running = sharedFarm({ ...ground, workers: 2, reorderWindow: WINDOW })

  it('of Node gives the outputs in the order of what is written, or as they come', async () => {
    const ordered = gathering()
    await pipeline(Readable.from(range(600)), running().transform(tasks.doubleLater), ordered.sink)
    expect(ordered.values).toEqual(doubles(600))
    const loose = gathering()
    const way = running().transform(tasks.doubleLater, { ordered: false })
    await pipeline(range(600), way, loose.sink)
    expect(loose.values).not.toEqual(doubles(600))
    expect((loose.values as number[]).sort(bySize)).toEqual(doubles(600))
  })

  it('of the web gives the outputs in the order of what is written, or as they come', async () => {
    const source = () => ReadableStream.from(range(600))
    expect(await collect(source().pipeThrough(running().transformStream(tasks.doubleLater)))).toEqual(doubles(600))
    const loose = await collect(source().pipeThrough(running().transformStream(tasks.doubleLater, { ordered: false })))
    expect(loose).not.toEqual(doubles(600))
    expect(loose.sort(bySize)).toEqual(doubles(600))
  })

  it('of Node reads no more than its window and what streams buffer while nothing is taken', async () => {
    const { seen, inputs } = watched(1_000_000)
    const aborter = new AbortController()
    const transform = running().transform(tasks.double, { signal: aborter.signal })
    const piped = pipeline(inputs, transform, stuck())
    await until(() => transform.readableLength === transform.readableHighWaterMark && isIdle(running()))
    const { readableHighWaterMark, writableHighWaterMark } = transform
    expect(seen.read).toBeLessThanOrEqual(WINDOW + readableHighWaterMark + writableHighWaterMark + 4)
    aborter.abort()
    await expect(piped).rejects.toMatchObject({ code: 'ABORTED' })
    expect(seen.released).toBe(true)
  })

  it('of the web reads no more than its window while nothing is taken', async () => {
    const { seen, inputs } = watched(1_000_000)
    const outputs = ReadableStream.from(inputs).pipeThrough(running().transformStream(tasks.double))
    const reader = outputs.getReader()
    for (let taken = 1; taken <= 200; taken++) {
      await reader.read()
      expect(seen.read).toBeLessThanOrEqual(taken + WINDOW + 4)
    }
    await until(() => isIdle(running()))
    expect(seen.read).toBeLessThanOrEqual(200 + WINDOW + 4)
    await reader.cancel()
    await until(() => seen.released)
  })

  it('of Node is destroyed, and with it its pipeline, by the error of a task, and cancels the rest', async () => {
    const { seen, inputs } = watched(1_000_000)
    const source = Readable.from(
      (function* () {
        yield* [1, 2, -1]
        yield* inputs
      })(),
    )
    const { values, sink } = gathering()
    await expect(pipeline(source, running().transform(tasks.picky), sink)).rejects.toMatchObject({
      code: 'TASK_FAILED',
      key: 'number -1',
    })
    expect([source.destroyed, sink.destroyed, values.length <= 2]).toEqual([true, true, true])
    expect(seen.read).toBeLessThan(100_000)
  })

  it('of the web fails at both ends with the error of a task, after the outputs before it', async () => {
    const { seen, inputs } = watched(1_000_000)
    const { readable, writable } = running().transformStream(tasks.picky)
    const source = ReadableStream.from(
      (function* () {
        yield* [1, 2, -1]
        yield* inputs
      })(),
    )
    const piped = source.pipeTo(writable).catch((error: unknown) => error)
    const got: number[] = []
    await expect(async () => {
      for await (const output of readable) got.push(output)
    }).rejects.toMatchObject({ code: 'TASK_FAILED' })
    expect(got).toEqual([1, 2])
    expect(await piped).toMatchObject({ code: 'TASK_FAILED' })
    await until(() => seen.read === 0 || seen.released)
    expect(seen.read).toBeLessThan(100_000)
  })

  it('of Node cancels its tasks when it is destroyed, and calls back a write that was under way', async () => {
    const transform = running().transform(tasks.wait)
    const outcomes: (Error | null | undefined)[] = []
    const { cancelled } = running().stats()
    for (let n = 0; n < 40; n++) transform.write(60_000, (error) => outcomes.push(error))
    transform.resume()
    await until(() => running().stats().held > 0)
    transform.destroy()
    await finished(transform).catch(() => undefined)
    await until(() => isIdle(running()) && outcomes.length === 40)
    expect(running().stats().cancelled).toBeGreaterThan(cancelled)
    expect(outcomes.some((error) => error instanceof Error)).toBe(true)
  })

  it('of the web cancels its tasks when its reader does, and when its writer aborts', async () => {
    const cancelled = running().transformStream(tasks.wait)
    const writing = cancelled.writable.getWriter()
    const written = Promise.allSettled([writing.write(60_000), writing.write(60_000)])
    const reader = cancelled.readable.getReader()
    const read = reader.read()
    await until(() => running().stats().held > 0)
    await reader.cancel(new Error('enough'))
    expect(await read).toEqual({ done: true, value: undefined })
    await written
    await expect(writing.closed).rejects.toThrow('enough')
    await until(() => isIdle(running()))

    const aborted = running().transformStream(tasks.double)
    const writer = aborted.writable.getWriter()
    const outputs = collect(aborted.readable)
    await writer.write(1)
    await writer.abort(new Error('no more'))
    await expect(outputs).rejects.toThrow('no more')
  })
})

describe('a farm as a stream', () => {
  const running = sharedFarm({ isolation: 'inline' })

  it('of Node gives what was written before its end, then ends', async () => {
    const transform = running().transform(tasks.doubleLater)
    for (const n of range(50)) transform.write(n)
    transform.end()
    expect(await collect(transform)).toEqual(doubles(50))
    expect(transform.closed).toBe(true)
  })

  it('runs nothing of what is written before its outputs are asked for', async () => {
    const { done } = running().stats()
    const transform = running().transform(tasks.double)
    transform.write(1)
    const { readable, writable } = running().transformStream(tasks.double)
    const writer = writable.getWriter()
    const written = writer.write(1)
    await new Promise((resolve) => setImmediate(resolve))
    expect(running().stats().done).toBe(done)
    transform.destroy()
    await Promise.allSettled([readable.cancel(), written])
    await writer.closed.catch(() => undefined)
  })

  it('gives each outcome when it is settled', async () => {
    const settled = { settled: true } as const
    const wanted = [{ status: 'fulfilled', value: 1 }, { status: 'rejected', input: -1 }, { value: 3 }]
    const inputs = [1, -1, 3]
    expect(await collect(Readable.from(inputs).pipe(running().transform(tasks.picky, settled)))).toMatchObject(wanted)
    const outcomes = ReadableStream.from(inputs).pipeThrough(running().transformStream(tasks.picky, settled))
    const kinds: string[] = []
    for await (const outcome of outcomes) kinds.push(outcome.status)
    expect(kinds).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  })

  it('tells the error of its source: of Node at once, of the web after the outputs before it', async () => {
    const { sink } = gathering()
    const piped = pipeline(Readable.from(broken(30)), running().transform(tasks.double), sink)
    await expect(piped).rejects.toThrow('the input broke')
    const got: number[] = []
    await expect(async () => {
      const outputs = ReadableStream.from(broken(30)).pipeThrough(running().transformStream(tasks.double))
      for await (const output of outputs) got.push(output)
    }).rejects.toThrow('the input broke')
    expect(got).toEqual(doubles(30))
  })

  it('of Node refuses an output that is null, which the web takes; both take undefined', async () => {
    const inputs = [{ give: null }]
    await expect(collect(Readable.from(inputs).pipe(running().transform(tasks.give)))).rejects.toMatchObject({
      code: 'INVALID_OUTPUT',
    })
    const pair = running().transformStream(tasks.give)
    expect(await collect(ReadableStream.from([...inputs, { give: undefined }]).pipeThrough(pair))).toEqual([
      null,
      undefined,
    ])
    expect(await collect(Readable.from([{ give: undefined }]).pipe(running().transform(tasks.give)))).toEqual([
      undefined,
    ])
  })

  it('fails with CLOSED when the farm stops', async () => {
    const farm = await openFarm({ isolation: 'inline' })
    const outputs = collect(Readable.from([1, 60_000]).pipe(farm.transform(tasks.wait)))
    const pair = farm.transformStream(tasks.wait)
    const others = collect(ReadableStream.from([60_000]).pipeThrough(pair))
    await until(() => farm.stats().held > 0)
    const settled = Promise.allSettled([outputs, others])
    await farm.stop()
    expect(await settled).toMatchObject([{ reason: { code: 'CLOSED' } }, { reason: { code: 'CLOSED' } }])
  })

  it('is aborted before it begins by a signal that has been', async () => {
    const signal = AbortSignal.abort()
    const piped = pipeline(range(10), running().transform(tasks.double, { signal }), gathering().sink)
    await expect(piped).rejects.toMatchObject({ code: 'ABORTED' })
    const pair = running().transformStream(tasks.double, { signal })
    const outputs = collect(ReadableStream.from(range(10)).pipeThrough(pair))
    await expect(outputs).rejects.toMatchObject({ code: 'ABORTED' })
  })

  it('is not durable, and refuses the options of what is', async () => {
    const journal = new MemoryJournal()
    const farm = await openFarm({ isolation: 'inline', journal })
    expect(await collect(Readable.from(range(5)).pipe(farm.transform(tasks.double)))).toEqual(doubles(5))
    expect(await journal.runs()).toEqual([])
    expect(() => farm.transform(tasks.double, { name: 'mine' } as never)).toThrow(/options of a transform .*name/)
  })
})

describe('the outputs of a map', () => {
  const running = sharedFarm({ isolation: 'inline', reorderWindow: WINDOW })

  it('are a Readable of Node by Readable.from, and piped to a sink', async () => {
    const { values, sink } = gathering()
    await pipeline(Readable.from(running().map(tasks.double, range(1_000))), sink)
    expect(values).toEqual(doubles(1_000))
  })

  it('are a ReadableStream of the web by ReadableStream.from, and piped to a sink', async () => {
    const values: number[] = []
    const sink = new WritableStream<number>({ write: (value) => void values.push(value) })
    await ReadableStream.from(running().map(tasks.double, range(1_000))).pipeTo(sink)
    expect(values).toEqual(doubles(1_000))
  })

  it.each([
    [
      'Readable.from',
      async (outputs: AsyncIterable<number>) => {
        const readable = Readable.from(outputs)
        readable.once('data', () => readable.destroy())
      },
    ],
    [
      'ReadableStream.from',
      async (outputs: AsyncIterable<number>) => {
        const reader = ReadableStream.from(outputs).getReader()
        await reader.read()
        await reader.cancel()
      },
    ],
  ])('let go of the input when their stream is destroyed (%s)', async (_, readOne) => {
    const { seen, inputs } = watched(1_000_000)
    await readOne(running().map(tasks.double, inputs))
    await until(() => seen.released)
    expect(seen.read).toBeLessThanOrEqual(2 * WINDOW)
  })
})
