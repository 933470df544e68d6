import { RefusedError } from '@troupe/actors/actor'
import type { Middleware } from '@troupe/actors/rpc'
import { describe, expect, it } from 'vitest'
import { clientOf, openDesk } from './open-desk.js'

describe('middleware', () => {
  const open = async (middleware: readonly Middleware[]) =>
    clientOf([(await openDesk({ middleware: [...middleware] })).service])

  it('stands around the handler, the first outermost, with the parsed input and the context', async () => {
    const steps: unknown[] = []
    const named =
      (name: string): Middleware =>
      async ({ procedure: called, input, context }, next) => {
        steps.push([name, called, input, context.metadata.user])
        const output = await next()
        steps.push([name, output])
        return output
      }
    const client = await open([named('outer'), named('inner')])
    expect(await client.quick(7, { metadata: { user: 'ann' } })).toBe(7)
    expect(steps).toEqual([
      ['outer', 'quick', 7, 'ann'],
      ['inner', 'quick', 7, 'ann'],
      ['inner', 7],
      ['outer', 7],
    ])
  })

  it('can refuse a call, which then does not run', async () => {
    let ran = 0
    const guard: Middleware = ({ context }, next) => {
      if (context.metadata.token !== 'right') throw new RefusedError('who are you?')
      return next()
    }
    const client = await open([
      guard,
      (_, next) => {
        ran++
        return next()
      },
    ])
    await expect(client.quick(1)).rejects.toMatchObject({
      code: 'REFUSED',
      message: expect.stringContaining('who are you?'),
    })
    expect(ran).toBe(0)
    expect(await client.quick(1, { metadata: { token: 'right' } })).toBe(1)
    expect(ran).toBe(1)
  })

  it('sees what the handler throws, and what it makes of it is what the caller gets', async () => {
    const seen: unknown[] = []
    const client = await open([
      async (_, next) => {
        try {
          return await next()
        } catch (error) {
          seen.push((error as { kind: string }).kind)
          throw new RefusedError('come back later')
        }
      },
    ])
    await expect(client.fail()).rejects.toMatchObject({ code: 'REFUSED' })
    expect(seen).toEqual(['CLOSED_NOW'])
  })

  it('may change the output, which is checked, and the stream', async () => {
    const client = await open([
      async ({ procedure: called }, next) => {
        const output = await next()
        if (called === 'items') return (output as number[]).map((n) => n * 100)
        return output === 1 ? 'text' : Number(output) + 1
      },
    ])
    expect(await client.quick(5)).toBe(6)
    await expect(client.quick(1)).rejects.toMatchObject({ code: 'INVALID_OUTPUT' })
    const items: number[] = []
    for await (const n of client.items()) items.push(n)
    expect(items).toEqual([100, 200, 300])
  })

  it('may call next once', async () => {
    const client = await open([
      async (_, next) => {
        await next()
        return next()
      },
    ])
    await expect(client.quick(1)).rejects.toMatchObject({
      code: 'CALL_FAILED',
      message: expect.stringContaining('once'),
    })
  })
})
