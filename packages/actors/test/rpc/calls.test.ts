import { connect, DeclaredError, isDeclared } from '@troupe/actors/rpc'
import { beforeAll, describe, expect, it } from 'vitest'
import { garden, kitchen, larger, newer } from './fixtures/kitchen-contract.mjs'
import { closing, GROUNDS, type KitchenClient, keep, openClient, openKitchen, range } from './open-service.js'

describe.each(GROUNDS)('a call of a service %s', (_name, ground) => {
  let client: KitchenClient
  let endpoint: string
  let json: KitchenClient

  beforeAll(async () => {
    const service = await openKitchen({ ...ground(), maxMessageBytes: 100_000 })
    endpoint = service.endpoint
    client = openClient(service, { maxMessageBytes: 50_000 })
    json = openClient(service, { codec: 'json' })
    keep()
  })

  it.each([
    ['text', 'soup'],
    ['null', null],
    ['nothing', undefined],
    ['bytes', Buffer.from([1, 2, 3])],
    ['a time', new Date(1_700_000_000_000)],
    ['a tree', { a: [1, { b: 'c' }, null], d: 1.5, e: false }],
  ])('gives back what it was given: %s', async (_what, value) => {
    expect(await client.echo(value)).toEqual(value)
  })

  it('has no output when its contract says so', async () => {
    expect(await client.nothing()).toBeUndefined()
  })

  it('runs defaults and transforms once, at the receiver', async () => {
    expect(await client.order({ dish: 'soup' })).toBe('<10 soup!>')
    expect(await json.order({ dish: 'soup', count: 2 })).toBe('<2 soup!>')
  })

  it('fails with the error that its contract declares, with its data parsed', async () => {
    const error = await client.fail('declared').catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(DeclaredError)
    expect(error).toMatchObject({
      code: 'DECLARED_ERROR',
      kind: 'SOLD_OUT',
      data: { dish: 'soup', left: 3 },
      message: 'no soup is left',
    })
    expect(isDeclared(kitchen.procedures.fail, error, 'SOLD_OUT') && error.data.left).toBe(3)
  })

  it.each([
    ['error', 'CALL_FAILED', 'the oven is cold'],
    ['undefined', 'CALL_FAILED', 'it threw undefined'],
    ['unprintable', 'CALL_FAILED', 'it threw a object'],
    ['undeclared', 'CALL_FAILED', 'BURNT, which its contract does not declare'],
    ['data', 'INVALID_OUTPUT', 'the data of its error SOLD_OUT does not fit'],
    ['refused', 'REFUSED', 'guests must be seated'],
  ] as const)('fails when its handler throws: %s', async (how, code, message) => {
    const failure = expect.objectContaining({ code, retryable: false, procedure: 'kitchen.fail', endpoint })
    await expect(client.fail(how)).rejects.toEqual(failure)
    await expect(client.fail(how)).rejects.toThrow(message)
  })

  it('fails with INVALID_INPUT, before it is sent, when its input does not fit', async () => {
    const misfit = client.order({ dish: 7 } as never)
    await expect(misfit).rejects.toMatchObject({ code: 'INVALID_INPUT', notRun: true, endpoint: undefined })
    await expect(client.order({ dish: 7 } as never)).rejects.toThrow(/dish: .*expected string/)
    await expect(client.nothing('something' as never)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })

  it.each([
    ['does not fit', 'misfit'],
    ['is a function', 'function'],
    ['is larger than what msgpack has', 'big'],
  ] as const)('fails alone, with INVALID_OUTPUT, when its output %s', async (_what, what) => {
    const neighbours = Promise.all([client.echo(1), client.echo(2)])
    await expect(client.wrong(what)).rejects.toMatchObject({ code: 'INVALID_OUTPUT', endpoint })
    expect(await neighbours).toEqual([1, 2])
  })

  it('fails alone, with ENCODE_FAILED, when its input cannot be encoded', async () => {
    const calls = [
      client.echo('a'),
      client.echo(() => 1),
      client.echo('b'),
      json.echo(new Uint8Array(2)),
      json.echo('c'),
    ]
    expect(await Promise.allSettled(calls)).toMatchObject([
      { value: 'a' },
      { reason: { code: 'ENCODE_FAILED', notRun: true } },
      { value: 'b' },
      { reason: { code: 'ENCODE_FAILED' } },
      { value: 'c' },
    ])
  })

  it('fails alone, with MESSAGE_TOO_LARGE, when it is larger than what the server takes', async () => {
    const calls = [client.echo('a'), client.echo('x'.repeat(100_000)), client.echo('b')]
    expect(await Promise.allSettled(calls)).toMatchObject([
      { value: 'a' },
      { reason: { code: 'MESSAGE_TOO_LARGE', notRun: true } },
      { value: 'b' },
    ])
  })

  it('fails alone, with MESSAGE_TOO_LARGE, when its answer is larger than what the client takes', async () => {
    const calls = [client.echo('a'), client.large(50_000), client.large(40_000), client.echo('b')]
    expect(await Promise.allSettled(calls)).toMatchObject([
      { value: 'a' },
      { reason: { code: 'MESSAGE_TOO_LARGE', endpoint } },
      { status: 'fulfilled' },
      { value: 'b' },
    ])
  })

  it('is answered with its own answer, each of 1,000 at once', async () => {
    expect(await Promise.all(range(1_000).map((n) => client.echo(n)))).toEqual(range(1_000))
    expect(await Promise.all(range(1_000).map((n) => json.echo({ n })))).toEqual(range(1_000).map((n) => ({ n })))
  })

  it('brings the metadata of its client and its own', async () => {
    const named = openClient([endpoint], { metadata: { from: 'test', kind: 'client' } })
    const { metadata, peer } = await named.told(undefined, { metadata: { kind: 'call' } })
    expect(metadata).toEqual({ from: 'test', kind: 'call' })
    expect(peer).toMatch(/^[0-9a-f]{10}$/)
  })

  it('fails with UNKNOWN_PROCEDURE when the contract of the server has none of its name', async () => {
    const stranger = closing(connect(larger, { endpoints: [endpoint] }), (open) => open.close())
    await expect(stranger.bake(1)).rejects.toMatchObject({ code: 'UNKNOWN_PROCEDURE', notRun: true, endpoint })
  })

  it('fails with UNKNOWN_SERVICE, and does not wait for another server, when another contract is served', async () => {
    const stranger = closing(
      connect(garden, { endpoints: [endpoint], waitForServerMs: 600_000, timeoutMs: 0 }),
      (open) => open.close(),
    )
    const message = expect.stringContaining('the service here is kitchen, not garden')
    await expect(stranger.echo(1)).rejects.toMatchObject({ code: 'UNKNOWN_SERVICE', retryable: false, message })
  })

  it('fails with VERSION_MISMATCH, and does not wait, when another version of its contract is served', async () => {
    const stranger = closing(
      connect(newer, { endpoints: [endpoint], waitForServerMs: 600_000, timeoutMs: 0 }),
      (open) => open.close(),
    )
    const message = expect.stringContaining('kitchen is here in version 1, not 2')
    await expect(stranger.echo(1)).rejects.toMatchObject({ code: 'VERSION_MISMATCH', retryable: false, message })
  })
})
