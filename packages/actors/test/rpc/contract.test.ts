import { connect, contract, type Implementation, implement, isDeclared, procedure, serve } from '@troupe/actors/rpc'
import { InvalidOptionsError } from '@troupe/core'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'

const Text = z.string()
const echo = contract('echo', { procedures: { say: procedure({ input: Text, output: Text }) } })

/** The fields that an error of INVALID_OPTIONS names. */
function wrongOf(make: () => unknown): string[] {
  try {
    make()
  } catch (error) {
    if (error instanceof InvalidOptionsError) return error.issues.map(({ path }) => path)
    throw error
  }
  return []
}

describe('a procedure', () => {
  it.each([
    ['an input that is no schema', { input: 'text' }, ['input']],
    ['an output that is no schema', { output: {} }, ['output']],
    ['streams that are no schemas', { stream: { in: 1, out: null } }, ['stream.in', 'stream.out']],
    ['an error that is no schema', { errors: { GOOD: Text, BAD: 5 } }, ['errors.BAD']],
    ['an output beside a stream out', { output: Text, stream: { out: Text } }, ['output']],
    ['a time below 0', { timeoutMs: -1 }, ['timeoutMs']],
    ['a time that no timer can take', { timeoutMs: 2 ** 31 }, ['timeoutMs']],
    ['no time', { timeoutMs: Number.NaN }, ['timeoutMs']],
    ['much that is wrong', { input: 1, output: 2, timeoutMs: 'soon' }, ['input', 'output', 'timeoutMs']],
  ])('is refused with %s, which is named', (_, spec, fields) => {
    expect(wrongOf(() => procedure(spec as never))).toEqual(fields)
  })

  it('cannot be changed any more', () => {
    expect(Object.isFrozen(procedure({ input: Text }))).toBe(true)
  })
})

describe('a contract', () => {
  it.each(['then', 'catch', 'finally', 'close', 'state', 'subscribe', 'ready', 'constructor', 'toString', 'toJSON'])(
    'is refused with a procedure named %s, as a client has it',
    (name) => {
      expect(wrongOf(() => contract('one', { procedures: { [name]: {} } } as never))).toEqual([`procedures.${name}`])
    },
  )

  it.each(['', '$health', 'a.b', 'two words', '1st'])('is refused with a procedure named %j', (name) => {
    expect(wrongOf(() => contract('one', { procedures: { [name]: {} } }))).toEqual([`procedures.${name}`])
  })

  it.each(['', '*', 'a.b', 'two words'])('is refused with the name %j', (name) => {
    expect(wrongOf(() => contract(name, { procedures: {} }))).toEqual(['name'])
  })

  it('is refused without procedures, as when they stand where the options are', () => {
    expect(wrongOf(() => contract('one', { say: procedure({}) } as never))).toEqual(['procedures'])
  })

  it('is refused with what is no procedure, each field by its path', () => {
    const procedures = { none: null, wrong: { input: 5, errors: { BAD: 5 } } }
    expect(wrongOf(() => contract('one', { procedures } as never))).toEqual([
      'procedures.none.',
      'procedures.wrong.input',
      'procedures.wrong.errors.BAD',
    ])
  })
})

describe('handlers', () => {
  it('are refused without one for each procedure, and with one for none', () => {
    expect(wrongOf(() => implement(echo, { say: 5, shout: () => '' } as never))).toEqual(['say', 'shout'])
    expect(wrongOf(() => implement(echo, {} as never))).toEqual(['say'])
  })

  it('are refused by a service as by implement', async () => {
    const serving = serve(echo, {} as never, { endpoint: 'tcp://127.0.0.1:!' })
    await expect(serving).rejects.toMatchObject({ code: 'INVALID_OPTIONS', issues: [{ path: 'say' }] })
  })

  it.each([
    [
      'by a module that is text',
      { module: './handlers.js', export: 'handlers' },
      {},
      /^module: must be a URL, as new URL\("\.\/h/,
    ],
    ['of this process, with workers', { say: () => '' }, { workers: 2 }, /^workers: are for handlers that are named/],
  ])('%s are refused by a service, which says what to do', async (_, code, options, wrong) => {
    const serving = serve(echo, code as never, { endpoint: 'tcp://127.0.0.1:!', ...options })
    const error = await serving.catch((caught: InvalidOptionsError) => caught)
    const [issue] = (error as InvalidOptionsError).issues
    expect(`${issue?.path}: ${issue?.message}`).toMatch(wrong)
  })

  it('of another contract are refused by a service', async () => {
    const other = contract('other', { procedures: { say: procedure({ input: Text, output: Text }) } })
    const implementation: Implementation = implement(other, { say: (text) => text })
    const serving = serve(echo as never, implementation, { endpoint: 'tcp://127.0.0.1:!' })
    await expect(serving).rejects.toMatchObject({ code: 'INVALID_OPTIONS', issues: [{ path: 'handlers' }] })
  })
})

describe('options that are not valid', () => {
  it.each([
    [{ endpoint: '' }, 'endpoint'],
    [{ concurrency: 0 }, 'concurrency'],
    [{ maxQueued: -1 }, 'maxQueued'],
    [{ heartbeatMs: 1_000, livenessMs: 1_999 }, 'livenessMs'],
    [{ middleware: [5] }, 'middleware.0'],
  ])('of a service are named: %j', async (options, field) => {
    const serving = serve(echo, { say: (text) => text }, { endpoint: 'tcp://127.0.0.1:!', ...options } as never)
    await expect(serving).rejects.toMatchObject({ code: 'INVALID_OPTIONS', issues: [{ path: field }] })
  })

  it.each([
    [{ endpoints: [] }, 'endpoints'],
    [{ endpoints: 'tcp://127.0.0.1:9' }, 'endpoints'],
    [{ timeoutMs: -1 }, 'timeoutMs'],
    [{ balance: 'random' }, 'balance'],
    [{ breaker: { failures: -1 } }, 'breaker.failures'],
    [{ metadata: { user: 5 } }, 'metadata.user'],
  ])('of a client are named: %j', (options, field) => {
    expect(wrongOf(() => connect(echo, { endpoints: ['tcp://127.0.0.1:9'], ...options } as never))).toEqual([field])
  })

  it('of a call are named', async () => {
    await using client = connect(echo, { endpoints: ['tcp://127.0.0.1:9'] })
    const call = client.say('hi', { timeoutMs: -1, retries: 0.5, parent: {} } as never)
    const issues = [{ path: 'timeoutMs' }, { path: 'retries' }, { path: 'parent' }]
    await expect(call).rejects.toMatchObject({ code: 'INVALID_OPTIONS', issues })
  })

  it('are those of a stream in that is no iterable', async () => {
    const sums = contract('sums', {
      procedures: { add: procedure({ stream: { in: z.number() }, output: z.number() }) },
    })
    await using client = connect(sums, { endpoints: ['tcp://127.0.0.1:9'] })
    const call = client.add(undefined, 5 as never)
    await expect(call).rejects.toMatchObject({ code: 'INVALID_OPTIONS', issues: [{ path: 'stream' }] })
  })
})

describe('isDeclared', () => {
  const spec = procedure({ errors: { UNKNOWN: z.object({ name: Text }), BUSY: z.null() } })
  const declared = (kind: string) => Object.assign(new Error(kind), { code: 'DECLARED_ERROR', kind, data: null })

  it('knows the errors that the procedure declares, by kind', () => {
    expect(isDeclared(spec, declared('UNKNOWN'))).toBe(true)
    expect(isDeclared(spec, declared('UNKNOWN'), 'UNKNOWN')).toBe(true)
    expect(isDeclared(spec, declared('UNKNOWN'), 'BUSY')).toBe(false)
  })

  it('knows no others', () => {
    for (const error of [declared('OTHER'), declared('toString'), new Error('x'), undefined, { kind: 'UNKNOWN' }]) {
      expect(isDeclared(spec, error)).toBe(false)
    }
  })
})
