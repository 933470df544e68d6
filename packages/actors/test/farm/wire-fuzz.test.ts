import { task } from '@troupe/actors/farm'
import { resolveLog } from '@troupe/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { BINARY_BYTES } from '../../dist/farm/binary-parts.js'
import { TaskRunner } from '../../dist/farm/task-runner.js'
import {
  BODY_ENCODINGS,
  type BodyEncoding,
  decodeHeader,
  decodeParts,
  encodeHeader,
  encodeParts,
  FRAME_KINDS,
} from '../../dist/farm/wire.js'

const large = (fill: number) => Buffer.alloc(BINARY_BYTES, fill)
const inputs = [large(1), { deep: [large(2)] }, 'text', null, { deep: { error: large(3) } }]
/** A right body of each kind that has one. */
const BODIES = {
  TASKS: { firstTicket: 1, groups: [{ name: 'a', timeoutMs: 0, attempts: null, inputs, parts: 8, progress: true }] },
  RESULTS: { outputs: [[1, inputs]], failures: [[9, { kind: 'input', why: 'so' }]], busyMs: 1 },
  UPDATE: { parts: [[1, inputs]], progress: [[1, { done: 1, total: 2 }]] },
  CREDIT: { allowed: [[1, 8]] },
  CANCEL: { tickets: [1, 2] },
} as const
type Kind = keyof typeof BODIES

const kinds = fc.constantFrom(...(Object.keys(BODIES) as Kind[]))
const encodings = fc.constantFrom<BodyEncoding>(...BODY_ENCODINGS)
const bytes = fc.uint8Array({ maxLength: 200 })
/** Bytes that are changed in a body: where, by its share of the length, and to what. */
const changes = fc.array(fc.tuple(fc.double({ min: 0, max: 0.999, noNaN: true }), fc.integer({ min: 0, max: 255 })), {
  minLength: 1,
  maxLength: 4,
})

function changed(body: Uint8Array, at: readonly (readonly [number, number])[]): Buffer {
  const wrong = Buffer.from(body)
  for (const [place, byte] of at) wrong[Math.floor(place * wrong.length)] = byte
  return wrong
}

describe('what comes from outside', () => {
  it('is no header or one, whatever it is, and never an error', () => {
    const header = encodeHeader({ kind: 'TASKS', run: 'r', incarnation: 'i', sequence: 1, acknowledged: 0 })
    fc.assert(fc.property(fc.array(bytes, { maxLength: 4 }), (parts) => void decodeHeader(parts)))
    fc.assert(
      fc.property(changes, (at) => {
        const kind = decodeHeader([changed(header, at), new Uint8Array(1)])?.kind
        expect([undefined, ...FRAME_KINDS]).toContain(kind)
      }),
    )
  })

  it('is no body or one, whatever its bytes are, and never an error', () => {
    fc.assert(
      fc.property(kinds, encodings, fc.array(bytes, { maxLength: 3 }), (kind, encoding, parts) => {
        expect(() => decodeParts(kind, parts, encoding)).not.toThrow()
      }),
      { numRuns: 2_000 },
    )
  })

  it('is no body or one when some bytes of a right one are wrong, and what is read can be run', async () => {
    const runner = lenientRunner()
    fc.assert(
      fc.property(kinds, encodings, changes, (kind, encoding, at) => {
        const [body, ...binaries] = encodeParts(BODIES[kind], encoding)
        const read = decodeParts(kind, [changed(body!, at), ...binaries], encoding)
        expect(() => read !== undefined && runner.take(kind, read)).not.toThrow()
      }),
      { numRuns: 3_000 },
    )
    await runner.stop()
  })

  it('is a body with all of its binary parts, in their order, and else none', () => {
    const places = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 5 })
    fc.assert(
      fc.property(fc.constantFrom('TASKS', 'RESULTS', 'UPDATE'), encodings, places, (kind, encoding, order) => {
        const [body, ...binaries] = encodeParts(BODIES[kind], encoding)
        const given = order.map((place) => binaries[place] ?? large(9))
        const isRead = decodeParts(kind, [body!, ...given], encoding) !== undefined
        expect(isRead).toBe(given.length === binaries.length)
      }),
    )
  })

  it('is no body when it is nested too deeply', () => {
    const deep = Buffer.concat([Buffer.alloc(100_000, 0x91), Buffer.from([0xc0])])
    const cause = Buffer.from('83a46e616d65a14ea76d657373616765a14da56361757365', 'hex')
    const root = Buffer.from('82a46e616d65a14ea76d657373616765a14d', 'hex')
    const failures = [[1, { kind: 'thrown', error: 'MARK' }]]
    for (const encoding of BODY_ENCODINGS) expect(decodeParts('RESULTS', [deep], encoding)).toBeUndefined()
    const body = Buffer.from(encodeParts({ outputs: [], failures, busyMs: 0 }, 'msgpack')[0]!)
    const [before, after] = [body.subarray(0, body.indexOf('MARK') - 1), body.subarray(body.indexOf('MARK') + 4)]
    const nested = (depth: number) => [Buffer.concat([before, ...Array(depth).fill(cause), root, after])]
    expect(decodeParts('RESULTS', nested(3), 'msgpack')?.failures[0]?.[1].kind).toBe('thrown')
    for (const depth of [500, 1_000, 2_000, 4_000, 8_000, 100_000]) {
      expect(() => decodeParts('RESULTS', nested(depth), 'msgpack')).not.toThrow()
    }
  })
})

/** A worker's engine that is given whatever can be read. */
function lenientRunner() {
  const input = z.unknown()
  const known = task({ name: 'a', input, output: input, run: (value) => value })
  const runner = new TaskRunner({
    ...{
      tasks: new Map([[known.name, { ...known, resource: undefined }]]),
      concurrency: 2,
      graceMs: 10,
      log: resolveLog(),
    },
    send: () => undefined,
    update: () => [],
  })
  return {
    take(kind: Kind, body: unknown) {
      if (kind === 'TASKS') runner.accept(body as never)
      else if (kind === 'CANCEL') runner.cancel((body as { tickets: number[] }).tickets, new Error('unwanted'))
      else if (kind === 'CREDIT') {
        for (const [ticket, upTo] of (body as { allowed: [number, number][] }).allowed) runner.allow(ticket, upTo)
      }
    },
    stop: () => runner.stop(new Error('the end')),
  }
}
