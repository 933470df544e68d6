import { DeclaredError } from '@troupe/actors/rpc'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  collect,
  GROUNDS,
  type KitchenClient,
  keep,
  newTag,
  openClient,
  openKitchen,
  range,
  until,
} from './open-service.js'

const WINDOW = 16

/** Reads a stream until it fails: what came, and with what. */
async function readToFailure(stream: AsyncIterable<unknown>) {
  const items: unknown[] = []
  try {
    for await (const item of stream) items.push(item)
  } catch (error) {
    return { items, error }
  }
  return { items, error: 'it ended well' }
}

/** A source that says how far it was read. */
function countedSource(to: number, fail?: Error) {
  const seen = { given: 0, isReturned: false }
  async function* source() {
    try {
      while (seen.given < to) yield seen.given++
      if (fail !== undefined) throw fail
    } finally {
      seen.isReturned = true
    }
  }
  return { seen, source: source() }
}

describe.each(GROUNDS)('a stream of a service %s', (_name, ground) => {
  let client: KitchenClient
  /** Takes no large frames. */
  let small: KitchenClient

  beforeAll(async () => {
    const service = await openKitchen({ ...ground(), window: WINDOW, maxMessageBytes: 100_000 })
    client = openClient(service, { window: WINDOW })
    small = openClient(service, { maxMessageBytes: 50_000 })
    await Promise.all([client.ready(), small.ready()])
    keep()
  })

  const finished = (tag: string) => until(async () => (await client.seen(tag)).finished)
  const countOf = async (tag: string) => (await client.seen(tag)).count

  it('from the server comes in order and ends when its source does', async () => {
    expect(await collect(client.count({ to: 1_000 }))).toEqual(range(1_000))
    expect(await collect(client.count({ to: 0 }))).toEqual([])
  })

  it('to the server comes in order, parsed, and ends when its source does', async () => {
    expect(await client.sum({}, range(1_000))).toBe(4_995_000)
    expect(await client.sum({}, countedSource(100).source)).toBe(49_500)
    expect(await client.sum({}, [])).toBe(0)
  })

  it('both ways answers each item as it comes', async () => {
    const sent: number[] = []
    let answered = (): void => undefined
    async function* questions() {
      for (const n of range(50)) {
        const answer = new Promise<void>((resolve) => {
          answered = resolve
        })
        sent.push(n)
        yield n
        await answer
      }
    }
    const got: number[] = []
    for await (const n of client.double({ tag: newTag() }, questions())) {
      got.push(n)
      expect(sent.length).toBe(got.length)
      answered()
    }
    expect(got).toEqual(range(50).map((n) => n * 2))
  })

  it.each([
    ['throw', 'CALL_FAILED', 'the oven is cold'],
    ['declared', 'DECLARED_ERROR', 'SOLD_OUT'],
    ['misfit', 'INVALID_OUTPUT', 'an item of its stream does not fit'],
    ['function', 'INVALID_OUTPUT', 'an item of the stream cannot be sent'],
  ] as const)('that fails in its middle (%s) gives what came before, then the error', async (last, code, message) => {
    const tag = newTag()
    const { items, error } = await readToFailure(client.count({ tag, to: 100, last }))
    expect(items).toEqual(range(100))
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) })
    await finished(tag)
  })

  it('that fails with a declared error has its data, parsed', async () => {
    const { error } = await readToFailure(client.count({ to: 1, last: 'declared' }))
    expect(error).toBeInstanceOf(DeclaredError)
    expect(error).toMatchObject({ kind: 'SOLD_OUT', data: { left: 3 } })
  })

  it('with an item larger than its client takes fails alone, with MESSAGE_TOO_LARGE', async () => {
    const tag = newTag()
    const other = collect(small.count({ to: 1_000 }))
    const { items, error } = await readToFailure(small.count({ tag, to: 10, last: 'large' }))
    expect([items, await other]).toEqual([range(10), range(1_000)])
    expect(error).toMatchObject({ code: 'MESSAGE_TOO_LARGE' })
    await finished(tag)
  })

  it('is stopped by its reader, which aborts the handler and runs its finally', async () => {
    const tag = newTag()
    for await (const n of client.count({ tag, to: 1_000_000 })) if (n === 20) break
    await finished(tag)
    expect(await client.seen(tag)).toMatchObject({ aborted: 'ABORTED' })
    expect(client.state.pending).toBe(0)
  })

  it('is stopped by its reader before the first item', async () => {
    const tag = newTag()
    {
      await using stream = client.count({ tag, to: 0, last: 'wait' })
      await until(async () => (await client.seen(tag)).began)
      expect(stream).toBeDefined()
    }
    await finished(tag)
    expect(client.state.pending).toBe(0)
  })

  it('is read by its server at most a window, and one item, ahead of its reader', async () => {
    const tag = newTag()
    const stream = client.count({ tag, to: 100_000 })
    await until(async () => (await countOf(tag)) === WINDOW + 1)
    for (const n of range(10)) expect(await stream.next()).toEqual({ done: false, value: n })
    // Credit is given again for half of a window at a time.
    await until(async () => (await countOf(tag)) === WINDOW + WINDOW / 2 + 1)
    for (const _ of range(20)) await client.nothing()
    expect(await countOf(tag)).toBe(WINDOW + WINDOW / 2 + 1)
    await stream.return?.()
    await finished(tag)
  })

  it('is read by its client at most a window, and one item, ahead of the handler', async () => {
    const tag = newTag()
    const { seen, source } = countedSource(1_000)
    const sum = client.sum({ tag, pauseAt: 10 }, source)
    await until(() => seen.given === WINDOW + WINDOW / 2 + 1)
    for (const _ of range(20)) await client.nothing()
    expect(seen.given).toBe(WINDOW + WINDOW / 2 + 1)
    await client.open(tag)
    expect(await sum).toBe(4_995_000)
    expect(seen).toEqual({ given: 1_000, isReturned: true })
  })

  it('whose handler has enough of it is not read any more, and its source is told', async () => {
    const { seen, source } = countedSource(1_000_000)
    expect(await client.sum({ tag: newTag(), most: 5 }, source)).toBe(100)
    await until(() => seen.isReturned)
    expect(seen.given).toBeLessThanOrEqual(5 + WINDOW + 1)
  })

  it('whose source throws fails with that, and aborts the handler', async () => {
    const tag = newTag()
    const failure = new RangeError('the well is dry')
    await expect(client.sum({ tag }, countedSource(5, failure).source)).rejects.toBe(failure)
    await finished(tag)
    expect((await client.seen(tag)).aborted).toBe('ABORTED')
  })

  it.each([
    ['does not fit', 'text', 'INVALID_INPUT'],
    ['cannot be encoded', Object.assign(() => 1), 'INVALID_INPUT'],
  ])('with an item to the server that %s fails alone, and its source is told', async (_what, item, code) => {
    const tag = newTag()
    let isReturned = false
    async function* source() {
      try {
        yield* [1, 2, item as number, 3]
      } finally {
        isReturned = true
      }
    }
    const other = client.sum({}, range(100))
    await expect(client.sum({ tag }, source())).rejects.toMatchObject({ code })
    await finished(tag)
    await until(() => isReturned)
    expect(await other).toBe(49_500)
  })

  it('of a call that cannot be sent is not read', async () => {
    const { seen, source } = countedSource(10)
    const call = client.sum({ tag: 'x'.repeat(100_000) }, source)
    await expect(call).rejects.toMatchObject({ code: 'MESSAGE_TOO_LARGE' })
    await client.nothing()
    expect(seen.given).toBe(0)
  })

  it('of a call that cannot be sent with others costs them nothing, and its source is told', async () => {
    const { seen, source } = countedSource(100)
    const calls = [client.echo('a'), client.sum({ tag: 'x'.repeat(100_000) }, source), client.sum({}, range(10))]
    expect(await Promise.allSettled(calls)).toMatchObject([
      { value: 'a' },
      { reason: { code: 'MESSAGE_TOO_LARGE' } },
      { value: 450 },
    ])
    await until(() => seen.isReturned)
  })

  it('that is given up before it was sent with others costs them nothing', async () => {
    const aborter = new AbortController()
    const calls = [client.echo('a'), client.echo(() => 1, { signal: aborter.signal }), client.echo('b')]
    aborter.abort()
    expect(await Promise.allSettled(calls)).toMatchObject([
      { value: 'a' },
      { reason: { code: 'ABORTED' } },
      { value: 'b' },
    ])
  })

  it('with an item that cannot be sent never reaches its end at the handler', async () => {
    const tag = newTag()
    await expect(client.sum({ tag }, [1, (() => 1) as never])).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    await finished(tag)
    expect(await client.seen(tag)).toMatchObject({ aborted: 'ABORTED' })
  })

  it('that is no iterable is refused', async () => {
    await expect(client.sum({}, 7 as never)).rejects.toMatchObject({ code: 'INVALID_OPTIONS' })
  })
})

describe.each(GROUNDS.slice(2, 4))('a long stream of a service %s', (_name, ground) => {
  it('is 100,000 items either way', async () => {
    const client = openClient(await openKitchen(ground()))
    let next = 0
    for await (const n of client.count({ to: 100_000 })) if (n !== next++) throw new Error(`${n} came out of order`)
    expect(next).toBe(100_000)
    expect(await client.sum({}, range(100_000))).toBe(49_999_500_000)
  })
})
