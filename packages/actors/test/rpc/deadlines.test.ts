import { connect, contract, procedure, serve } from '@troupe/actors/rpc'
import { anyEndpoint } from '@troupe/testing'
import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  closing,
  GROUNDS,
  type KitchenClient,
  keep,
  newTag,
  openClient,
  openKitchen,
  track,
  until,
} from './open-service.js'

const began = (client: KitchenClient, tag: string) => until(async () => (await client.seen(tag)).began)
const aborted = (client: KitchenClient, tag: string) => until(async () => (await client.seen(tag)).aborted !== null)

describe.each(GROUNDS)('the time of a call of a service %s', (_name, ground) => {
  let client: KitchenClient

  beforeAll(async () => {
    client = openClient(await openKitchen({ ...ground(), maxQueued: 0 }))
    await client.ready()
    keep()
  })

  it('fails it with TIMEOUT when it is over, and aborts its handler', async () => {
    const tag = newTag()
    // Whichever end sees it first says so.
    const failure = { code: 'TIMEOUT', retryable: true }
    await expect(client.wait({ tag }, { timeoutMs: 200 })).rejects.toMatchObject(failure)
    await aborted(client, tag)
    expect(await client.seen(tag)).toMatchObject({ began: true, finished: true })
  })

  it('is known to its handler, in ms', async () => {
    const { leftMs } = await client.told(undefined, { timeoutMs: 9_000 })
    expect(leftMs).toBeGreaterThan(8_000)
    expect(leftMs).toBeLessThanOrEqual(9_000)
  })

  it('has no limit when it is 0', async () => {
    expect((await client.told(undefined, { timeoutMs: 0 })).leftMs).toBeNull()
  })

  it('ends by a signal, whose abort reaches the handler', async () => {
    const tag = newTag()
    const aborter = new AbortController()
    const call = client.wait({ tag }, { signal: aborter.signal })
    await began(client, tag)
    aborter.abort(new Error('the guest has left'))
    await expect(call).rejects.toMatchObject({ code: 'ABORTED', cause: { message: 'the guest has left' } })
    await aborted(client, tag)
    expect((await client.seen(tag)).aborted).toBe('ABORTED')
  })

  it('does not begin by a signal that is aborted before', async () => {
    const tag = newTag()
    await expect(client.wait({ tag }, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' })
    expect(await client.seen(tag)).toMatchObject({ began: false })
  })

  it('is that of a stream too, when it has one', async () => {
    const tag = newTag()
    const items: number[] = []
    const read = async () => {
      for await (const n of client.count({ tag, to: 2, last: 'wait' }, { timeoutMs: 400 })) items.push(n as number)
    }
    await expect(read()).rejects.toMatchObject({ code: 'TIMEOUT' })
    expect(items).toEqual([0, 1])
    await aborted(client, tag)
  })
})

/** A service whose handlers call another. */
async function openChain() {
  const kitchen = openClient(await openKitchen(), { timeoutMs: 30_000 })
  const front = contract('front', {
    procedures: {
      left: procedure({ output: z.number(), timeoutMs: 1_000 }),
      wait: procedure({ input: z.object({ tag: z.string() }) }),
      traced: procedure({ output: z.record(z.string(), z.string()) }),
    },
  })
  const service = track(
    await serve(
      front,
      {
        left: async (_, parent) => (await kitchen.told(undefined, { parent })).leftMs ?? Number.POSITIVE_INFINITY,
        wait: (input, parent) => kitchen.wait(input, { parent }),
        traced: async (_, parent) => (await kitchen.told(undefined, { parent, metadata: { own: '1' } })).metadata,
      },
      { endpoint: anyEndpoint('tcp') },
    ),
  )
  const client = closing(connect(front, { endpoints: [service.endpoint] }), (open) => open.close())
  await Promise.all([kitchen.ready(), client.ready()])
  return { client, kitchen }
}

describe('a call within a call', () => {
  it('has no more time than the outer one has left', async () => {
    const { client } = await openChain()
    expect(await client.left()).toBeLessThanOrEqual(1_000)
    expect(await client.left(undefined, { timeoutMs: 400 })).toBeLessThanOrEqual(400)
  })

  it('ends when the outer one is given up', async () => {
    const { client, kitchen } = await openChain()
    const tag = newTag()
    const aborter = new AbortController()
    const call = client.wait({ tag }, { signal: aborter.signal })
    await began(kitchen, tag)
    aborter.abort()
    await expect(call).rejects.toMatchObject({ code: 'ABORTED' })
    await aborted(kitchen, tag)
    expect(await kitchen.seen(tag)).toMatchObject({ finished: true })
  })

  it('ends when the time of the outer one is over', async () => {
    const { client, kitchen } = await openChain()
    const tag = newTag()
    await expect(client.wait({ tag }, { timeoutMs: 600 })).rejects.toMatchObject({ code: 'TIMEOUT' })
    await aborted(kitchen, tag)
  })

  it('is not made when the outer one has no time left', async () => {
    const kitchen = openClient(await openKitchen())
    const { signal } = new AbortController()
    const failure = kitchen.told(undefined, { parent: { signal, metadata: {}, leftMs: 0 } })
    await expect(failure).rejects.toMatchObject({ code: 'TIMEOUT' })
  })

  it('continues the trace of the outer one, and nothing else of its metadata', async () => {
    const { client } = await openChain()
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    const metadata = { traceparent, secret: 'mine' }
    expect(await client.traced(undefined, { metadata })).toEqual({ traceparent, own: '1' })
  })
})
