import { asyncApiOf, contract, describeContract, procedure } from '@troupe/actors/rpc'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'

const Ticker = z.object({ ticker: z.string() })
const document = asyncApiOf(
  describeContract(
    contract('pricing', {
      version: '3',
      procedures: {
        quote: procedure({ input: Ticker, output: z.number(), errors: { UNKNOWN: Ticker }, timeoutMs: 700 }),
        both: procedure({ stream: { in: z.string(), out: z.boolean() }, idempotent: true }),
        moment: procedure({ output: z.date() }),
      },
    }),
  ),
) as {
  readonly asyncapi: string
  readonly info: unknown
  readonly channels: Record<string, { readonly address: string; readonly messages: Record<string, unknown> }>
  readonly operations: Record<string, { readonly messages: unknown; readonly reply: unknown }>
}

/** What a reference of the document leads to. */
const followed = (reference: string): unknown =>
  reference
    .replace('#/', '')
    .split('/')
    .reduce((at: unknown, key) => (at as Record<string, unknown>)[key], document)

describe('an AsyncAPI document of a contract', () => {
  it('is of version 3.0.0 and names the service and its version', () => {
    expect(document.asyncapi).toBe('3.0.0')
    expect(document.info).toMatchObject({ title: 'pricing', version: '3' })
  })

  it('has a channel for each procedure, with the messages that go through it', () => {
    expect(document.channels.quote).toMatchObject({
      address: 'quote',
      messages: {
        input: { payload: { type: 'object', required: ['ticker'] } },
        output: { payload: { type: 'number' } },
        error_UNKNOWN: { name: 'UNKNOWN', payload: { type: 'object' } },
      },
    })
    const { messages } = document.channels.both!
    expect(messages).toMatchObject({
      itemIn: { payload: { type: 'string' } },
      itemOut: { payload: { type: 'boolean' } },
    })
    expect(messages).not.toHaveProperty('output')
  })

  it('has an operation for each, which the server receives and replies to', () => {
    expect(document.operations.quote).toMatchObject({ action: 'receive', 'x-idempotent': false, 'x-timeout-ms': 700 })
    expect(document.operations.both).toMatchObject({ action: 'receive', 'x-idempotent': true })
  })

  it('refers to nothing that is not in it', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, reference]) => reference!)
    expect(references.length).toBeGreaterThan(10)
    for (const reference of references) expect(followed(reference)).toBeTypeOf('object')
  })

  it('says what could not be written, where any value may be', () => {
    expect(document.channels.moment).toMatchObject({ 'x-unwritten': { output: expect.stringMatching(/date/i) } })
    expect(document.channels.moment!.messages.output).toEqual({ payload: {} })
  })
})
