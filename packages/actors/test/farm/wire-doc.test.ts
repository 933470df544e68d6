import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  decodeBody,
  decodeHeader,
  encodeBody,
  encodeHeader,
  FRAME_KINDS,
  type FrameKind,
} from '../../dist/farm/wire.js'

const document = readFileSync(new URL('../../../../docs/wire/farm.md', import.meta.url), 'utf8')

interface Example {
  readonly kind: FrameKind
  /** The bytes that stand in the document: the header and the body. */
  readonly parts: readonly [Uint8Array, Uint8Array]
  /** What the document says that they mean. */
  readonly header: readonly [number, FrameKind, string, string, number, number, string?]
  readonly body: unknown
}

const bytes = (text: string) => Buffer.from(text.replace(/#.*$/gm, '').replace(/\s/g, ''), 'hex')
const hex = (part: Uint8Array) => Buffer.from(part).toString('hex')

const examples = [...document.matchAll(/```hex\n(.+?)\n\n(.+?)\n```\n\n```json\n(.+?)\n```/gs)].map(
  ([, header = '', body = '', json = '']): Example => {
    const meaning = JSON.parse(json) as Pick<Example, 'header' | 'body'>
    return { ...meaning, kind: meaning.header[1], parts: [bytes(header), bytes(body)] }
  },
)

describe('docs/wire/farm.md', () => {
  it('describes every kind of frame and has an example of each', () => {
    const kinds = [...FRAME_KINDS].sort()
    const described = [...document.matchAll(/^### ([A-Z]+)\b/gm)].map(([, kind]) => kind)
    expect(described.sort()).toEqual(kinds)
    expect(examples.map(({ kind }) => kind).sort()).toEqual(kinds)
    expect(document.match(/```hex/g)?.length).toBe(examples.length)
  })

  describe.each(examples)('in its example of $kind', ({ kind, parts, header, body }) => {
    const [version, , run, incarnation, sequence, acknowledged, token] = header

    it('has bytes that the decoder reads as it says', () => {
      expect(decodeHeader(parts)).toEqual({ version, kind, run, incarnation, sequence, acknowledged, token })
      expect(decodeBody(kind, parts[1], 'msgpack')).toEqual(body)
    })

    it('has the bytes that the encoder makes', () => {
      expect(hex(encodeHeader({ kind, run, incarnation, sequence, acknowledged, token }))).toBe(hex(parts[0]))
      expect(hex(encodeBody(body, 'msgpack'))).toBe(hex(parts[1]))
    })
  })

  it('says truly that 64-bit integers are refused and that numbers beyond 32 bits are floats', () => {
    const ticket = 2 ** 32 + 5
    const asFloat = Buffer.from(encodeBody({ tickets: [ticket] }, 'msgpack'))
    expect(hex(asFloat.subarray(-9))).toBe('cb41f0000000500000')
    expect(decodeBody('CANCEL', asFloat, 'msgpack')).toEqual({ tickets: [ticket] })
    const asInteger = Buffer.concat([asFloat.subarray(0, -9), bytes('cf 00 00 00 01 00 00 00 05')])
    expect(decodeBody('CANCEL', asInteger, 'msgpack')).toBeUndefined()
  })
})
