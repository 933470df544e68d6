/**
 * All that makes values of bytes from outside, each with real messages to begin with.
 */

import { contract, procedure } from '@troupe/actors/rpc'
import { codecOf, errorFrom, type Format, MessageFormat, PackedFormat, TroupeError } from '@troupe/core'
import { z } from 'zod'
import { frameOfParts } from '../../dist/actor/frame.js'
import { unpack as unpackLetter } from '../../dist/actor/packing.js'
import { readHeader, unsealed } from '../../dist/farm/journal/entry-record.js'
import { type BodyEncoding, decodeHeader, decodeParts } from '../../dist/farm/wire.js'
import { contractFrom, describeContract } from '../../dist/rpc/describe.js'
import { decodeFrame, readCall, readError, readHello, readWelcome } from '../../dist/rpc/wire.js'
import { ACTOR_MESSAGES, codecMessages, farmMessages, JOURNAL_KEY, JOURNAL_RECORDS, rpcMessages } from './corpus.js'
import type { Parts } from './mutation.js'

export interface Decoder {
  readonly name: string
  readonly corpus: readonly Parts[]
  /** Whether the message was taken. Throws only what is a fault of the decoder. */
  take(parts: Parts): boolean
}

const Order = z.object({ a: z.array(z.unknown()), text: z.string() })

/** Takes a TroupeError for a refusal, as who receives by the decoder does. */
function refusing(take: () => boolean): boolean {
  try {
    return take()
  } catch (error) {
    if (error instanceof TroupeError) return false
    throw error
  }
}

const codec = (name: 'text' | 'json' | 'msgpack', schema?: z.ZodType): Decoder => {
  const format = schema === undefined ? undefined : new MessageFormat({ codec: name, schema })
  return {
    name: schema === undefined ? `codec ${name}` : `schema ${name}`,
    corpus: codecMessages(name),
    take: (parts) => refusing(() => (format ?? codecOf(name)).decode(parts) !== REFUSED),
  }
}
const REFUSED = Symbol('refused')

function packed(name: 'text' | 'json' | 'msgpack'): Decoder {
  const format: Format = new PackedFormat({ codec: name })
  const bytes = codecMessages(name).map(([frame]) => frame!)
  const head = Buffer.concat([
    Buffer.from('54504b01', 'hex'),
    numbers(bytes.length, ...bytes.map(({ length }) => length)),
  ])
  return {
    name: `packed ${name}`,
    corpus: [[Buffer.concat([head, ...bytes])], [Buffer.concat([Buffer.from('54504b01', 'hex'), numbers(0)])]],
    take(parts) {
      let isTaken = true
      for (const came of format.decodeMany!(parts)) {
        if (!('error' in came)) continue
        if (!(came.error instanceof TroupeError)) throw came.error
        isTaken = false
      }
      return isTaken
    },
  }
}

function numbers(...all: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * all.length)
  for (const [index, number] of all.entries()) bytes.writeUInt32LE(number, 4 * index)
  return bytes
}

const farm = (encoding: BodyEncoding): Decoder => ({
  name: `farm ${encoding}`,
  corpus: farmMessages(encoding),
  take(parts) {
    const header = decodeHeader(parts)
    if (header === undefined) return false
    const body = decodeParts(header.kind, parts.slice(1), encoding)
    if (body !== undefined && header.kind === 'RESULTS') {
      for (const [, failure] of (body as ReturnType<typeof decodeResults>)!.failures) {
        if (failure.kind === 'thrown') errorFrom(failure.error)
      }
    }
    return body !== undefined
  },
})
const decodeResults = (parts: Parts) => decodeParts('RESULTS', parts, 'msgpack')

const rpc = (encoding: 'msgpack' | 'json'): Decoder => ({
  name: `rpc ${encoding}`,
  corpus: rpcMessages(encoding),
  take([part = new Uint8Array(), ...rest]) {
    const frame = rest.length > 0 ? undefined : decodeFrame(part)
    for (const item of frame?.items ?? []) for (const read of [readHello, readWelcome, readCall]) read(item)
    for (const [, , value] of frame?.items ?? []) readError(value)
    return frame !== undefined
  },
})

const actor: Decoder = {
  name: 'actor',
  corpus: ACTOR_MESSAGES,
  take: (parts) =>
    refusing(() => {
      const frame = frameOfParts(parts)
      return frame !== undefined && unpackLetter(frame.body) !== REFUSED
    }),
}

const journal: Decoder = {
  name: 'journal',
  corpus: JOURNAL_RECORDS,
  take([header = new Uint8Array(), body = new Uint8Array()]) {
    const isRead = readHeader(JOURNAL_KEY(), Buffer.from(header)) !== undefined
    return isRead && unsealed(JOURNAL_KEY(), Buffer.from(body)) !== undefined
  },
}

const described = contract('kitchen', {
  version: '1',
  procedures: {
    echo: procedure({ input: Order, output: Order, errors: { GONE: z.object({}) } }),
    ticks: procedure({ input: z.string(), stream: { out: z.number() }, timeoutMs: 5 }),
  },
})
const description: Decoder = {
  name: 'description',
  corpus: [[Buffer.from(JSON.stringify(describeContract(described)))]],
  take: (parts) => refusing(() => contractFrom(codecOf('json').decode(parts)) !== undefined),
}

export const DECODERS: readonly Decoder[] = [
  ...(['text', 'json', 'msgpack'] as const).flatMap((name) => [codec(name), packed(name)]),
  ...(['json', 'msgpack'] as const).map((name) => codec(name, Order)),
  ...(['msgpack', 'records'] as const).map(farm),
  ...(['msgpack', 'json'] as const).map(rpc),
  actor,
  journal,
  description,
]
