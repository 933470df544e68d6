import { it } from 'vitest'
import { LineProgram } from './line-program.js'
import { CLIENTS, ENCODINGS, SERVERS } from './peers.js'
import { describePeers, startServer, timeout } from './wire-battery.js'

const NUMBERS = Array.from({ length: 100 }, (_, index) => index)

/** A call, and what comes of it: of an error its code alone, since messages are for people. */
const CALLS = [
  [
    { procedure: 'echo', input: { nested: [null, true, 1.5, 2 ** 40, 'grüße'] } },
    { output: { nested: [null, true, 1.5, 2 ** 40, 'grüße'] } },
  ],
  [{ procedure: 'nothing' }, {}],
  [{ procedure: 'defaults', input: { name: 'ab' } }, { output: 'abab' }],
  [{ procedure: 'metadata', metadata: { tenant: 'a' } }, { output: { tenant: 'a' } }],
  [{ procedure: 'slow', input: { ms: 1 }, timeoutMs: 10_000 }, { output: 'done' }],
  [{ procedure: 'slow', input: { ms: 60_000 }, timeoutMs: 100 }, { error: 'TIMEOUT' }],
  [
    { procedure: 'fail', input: { id: 'ACME' } },
    { error: 'DECLARED_ERROR', kind: 'NOT_FOUND', data: { id: 'ACME' } },
  ],
  [{ procedure: 'throws' }, { error: 'CALL_FAILED' }],
  [{ procedure: 'refuse' }, { error: 'REFUSED' }],
  [{ procedure: 'count', input: { n: 100 } }, { items: NUMBERS }],
  [{ procedure: 'count', input: { n: 100 }, take: 3 }, { items: [0, 1, 2] }],
  [
    { procedure: 'count', input: { n: 2, fail: true } },
    { items: [0, 1], error: 'CALL_FAILED' },
  ],
  [{ procedure: 'sum', in: NUMBERS }, { output: 4950 }],
  [{ procedure: 'first', in: NUMBERS }, { output: 0 }],
  [{ procedure: 'double', in: NUMBERS }, { items: NUMBERS.map((one) => 2 * one) }],
] as const

interface Outcome {
  readonly error?: { readonly code: string; readonly kind?: string; readonly data?: unknown }
}

const MODES = ENCODINGS.flatMap((encoding) => [false, true].map((together) => ({ encoding, together })))

describePeers(SERVERS, (server) => {
  it('answers the calls of every client in each encoding, one by one and all at once', { timeout }, async ({
    expect,
  }) => {
    const { server: serving, endpoint } = await startServer(server)
    await using _ = serving
    for (const { name, command } of CLIENTS) {
      await using calling = new LineProgram(command)
      for (const mode of MODES) {
        calling.tell({ endpoint, ...mode, calls: CALLS.map(([call]) => call) })
        const { outcomes } = (await calling.next()) as { outcomes: Outcome[] }
        const expected = { name, ...mode, outcomes: CALLS.map(([, outcome]) => outcome) }
        expect({ name, ...mode, outcomes: outcomes.map(seen) }).toEqual(expected)
      }
    }
  })
})

const seen = ({ error, ...rest }: Outcome): object => {
  if (error === undefined) return rest
  const { code, kind, data } = error
  return { ...rest, error: code, ...(kind !== undefined && { kind, data }) }
}
