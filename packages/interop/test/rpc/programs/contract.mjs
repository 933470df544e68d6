/**
 * The contract `conformance`, as the README has it.
 */
import { contract, procedure } from '@troupe/actors/rpc'
import { z } from 'zod'

const integer = z.number().int()
const text = z.string()
const bytes = z.instanceof(Uint8Array)
const length = z.object({ length: integer })

export const conformance = contract('conformance', {
  version: '1',
  procedures: {
    echo: procedure({ input: z.unknown(), output: z.unknown(), idempotent: true }),
    nothing: procedure({}),
    fail: procedure({ input: z.object({ id: text }), errors: { NOT_FOUND: z.object({ id: text }) } }),
    throws: procedure({}),
    refuse: procedure({}),
    misfit: procedure({ output: text }),
    slow: procedure({ input: z.object({ ms: integer }), output: text }),
    aborted: procedure({ output: integer }),
    defaults: procedure({ input: z.object({ name: text, times: integer.default(2) }), output: text }),
    bytes: procedure({ input: bytes, output: bytes }),
    time: procedure({ input: z.date(), output: z.date() }),
    utf8: procedure({ input: text, output: bytes }),
    metadata: procedure({ output: z.record(text, text) }),
    text: procedure({ input: length, output: text }),
    count: procedure({
      input: z.object({ n: integer, fail: z.boolean().default(false) }),
      stream: { out: integer },
    }),
    texts: procedure({ input: length, stream: { out: text } }),
    sum: procedure({ stream: { in: integer }, output: integer }),
    first: procedure({ stream: { in: integer }, output: integer }),
    unread: procedure({ stream: { in: integer } }),
    double: procedure({ stream: { in: integer, out: integer } }),
  },
})
