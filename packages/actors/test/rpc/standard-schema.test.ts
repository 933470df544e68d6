import { CallError, connect, contract, DeclaredError, type Middleware, procedure, serve } from '@troupe/actors/rpc'
import { type } from 'arktype'
import * as v from 'valibot'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import { gathered } from './gathered.js'

const libraries = {
  zod: {
    Name: z.string().transform((name) => name.length),
    Length: z.object({ length: z.number() }),
    Item: z.number(),
    Missing: z.object({ name: z.string() }),
  },
  valibot: {
    Name: v.pipe(
      v.string(),
      v.transform((name) => name.length),
    ),
    Length: v.object({ length: v.number() }),
    Item: v.number(),
    Missing: v.object({ name: v.string() }),
  },
  arktype: {
    Name: type('string').pipe((name) => name.length),
    Length: type({ length: 'number' }),
    Item: type('number'),
    Missing: type({ name: 'string' }),
  },
}

function namesBy<const Library extends keyof typeof libraries>(library: Library) {
  const { Name, Length, Item, Missing } = libraries[library]
  return contract('names', {
    procedures: {
      length: procedure({ input: Name, output: Length, errors: { MISSING: Missing } }),
      lengths: procedure({ stream: { in: Name, out: Item } }),
    },
  })
}

/** The types are those of zod, whatever library it is: all three say the same. */
type Names = ReturnType<typeof namesBy<'zod'>>

describe.each(Object.keys(libraries) as (keyof typeof libraries)[])('a contract of %s', (library) => {
  const names = namesBy(library) as unknown as Names
  const open = (middleware: readonly Middleware[] = []) =>
    serve(
      names,
      {
        length: (length, { error }) => {
          if (length === 0) throw error('MISSING', { name: 'nobody' })
          // More than 9 is told as what does not fit.
          return length > 9 ? ({ length: 'long' } as never) : { length }
        },
        async *lengths(_, incoming) {
          yield* incoming
        },
      },
      { endpoint: 'tcp://127.0.0.1:!', middleware: [...middleware] },
    )

  it('is parsed once, at the receiver: the handler has what its transform gives', async () => {
    await using service = await open()
    await using client = connect(names, { endpoints: [service.endpoint] })
    expect(await client.length('ann')).toEqual({ length: 3 })
    expect(await gathered(client.lengths(undefined, ['a', 'bc', '']))).toEqual([1, 2, 0])
  })

  it('refuses what does not fit, at the client before it is sent', async () => {
    const heard: string[] = []
    const hearing: Middleware = ({ procedure: name }, next) => {
      heard.push(name)
      return next()
    }
    await using service = await open([hearing])
    await using client = connect(names, { endpoints: [service.endpoint] })
    const error: unknown = await client.length(5 as never).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(CallError)
    expect(error).toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining('does not fit its schema ('),
    })
    const stream = gathered(client.lengths(undefined, ['a', 5 as never]))
    await expect(stream).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    expect(heard).not.toContain('length')
  })

  it('refuses an output that does not fit, by the path of what is wrong', async () => {
    await using service = await open()
    await using client = connect(names, { endpoints: [service.endpoint] })
    const call = client.length('a long name')
    await expect(call).rejects.toMatchObject({ code: 'INVALID_OUTPUT', message: expect.stringContaining('length') })
  })

  it('carries the data of an error that it declares', async () => {
    await using service = await open()
    await using client = connect(names, { endpoints: [service.endpoint] })
    const error: unknown = await client.length('').catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(DeclaredError)
    expect(error).toMatchObject({ code: 'DECLARED_ERROR', kind: 'MISSING', data: { name: 'nobody' } })
  })
})

describe('the types of a contract', () => {
  it('are inferred from valibot and arktype as from zod', () => {
    type Length<Library extends keyof typeof libraries> = Parameters<
      Parameters<typeof serve<ReturnType<typeof namesBy<Library>>>>[1] extends infer H
        ? H extends { readonly length: infer F extends (...args: never[]) => unknown }
          ? F
          : never
        : never
    >[0]
    expectTypeOf<Length<'zod'>>().toEqualTypeOf<number>()
    expectTypeOf<Length<'valibot'>>().toEqualTypeOf<number>()
    expectTypeOf<Length<'arktype'>>().toEqualTypeOf<number>()
    expect(namesBy('valibot').name).toBe('names')
  })
})

describe('a schema that cannot be checked at once', () => {
  it('is asynchronous, and its call fails with INVALID_INPUT', async () => {
    const slow = contract('slow', { procedures: { call: procedure({ input: z.string().refine(async () => true) }) } })
    await using client = connect(slow, { endpoints: ['tcp://127.0.0.1:9'] })
    await expect(client.call('x')).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })
})
