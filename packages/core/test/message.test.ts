import { CODEC_NAMES, type CodecName, codecOf, MessageFormat, type Received, type Sent } from '@troupe/core'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { z } from 'zod'

const bytes = (frame: unknown) => new Uint8Array(Buffer.from(frame as string))
/** What arrives of what is sent. */
const carried = (name: CodecName, value: unknown) => {
  const frames = codecOf(name).encode(value)
  return codecOf(name).decode((Array.isArray(frames) ? frames : [frames]).map(bytes))
}
const encodeFailed = (message: RegExp) =>
  expect.objectContaining({ name: 'TroupeError', code: 'ENCODE_FAILED', message: expect.stringMatching(message) })
const decodeFailed = (message: RegExp) =>
  expect.objectContaining({ name: 'TroupeError', code: 'DECODE_FAILED', message: expect.stringMatching(message) })

describe('a codec', () => {
  it.each([
    ['text', ''],
    ['text', 'tea, чай, 茶, 🍵 and \0'],
    ['text', '\uFEFFa byte order mark is part of it'],
    ['bytes', new Uint8Array([])],
    ['bytes', new Uint8Array([0, 255, 128])],
    ['json', { a: [1, null, 'x', { b: true }] }],
    ['json', null],
    ['msgpack', { a: [1, null, 'x', { b: true }], bytes: new Uint8Array([1, 2]), at: new Date(0), none: undefined }],
    ['msgpack', 0],
    ['frames', [bytes('one'), bytes(''), bytes('three')]],
  ] as const)('%s gives back %j', (name, value) => {
    expect(carried(name, value)).toEqual(value)
  })

  it('of frames takes strings as UTF-8', () => {
    expect(carried('frames', ['é', bytes('x')])).toEqual([bytes('é'), bytes('x')])
  })

  it('of bytes does not copy', () => {
    const value = new Uint8Array(3)
    expect(codecOf('bytes').encode(value)).toBe(value)
  })

  it.each([
    ['text', 5, /it is a number, not a string/],
    ['text', null, /it is null, not a string/],
    ['bytes', 'x', /it is a string, not a Uint8Array/],
    ['bytes', [1, 2], /it is a object, not a Uint8Array/],
    ['json', undefined, /JSON has no undefined/],
    ['json', () => 1, /JSON has no function/],
    ['json', { n: 1n }, /BigInt/],
    ['msgpack', Symbol('x'), /symbol/],
    ['msgpack', 2n ** 70n, /too large/],
    ['frames', [], /non-empty array/],
    ['frames', 'x', /non-empty array/],
    ['frames', [1], /non-empty array/],
  ] as const)('%s cannot encode %s', (name, value, message) => {
    expect(() => codecOf(name).encode(value)).toThrow(encodeFailed(message))
  })

  it.each(['json', 'msgpack'] as const)('%s refuses a value that holds itself, and goes on as before', (name) => {
    const round: Record<string, unknown> = {}
    round.itself = round
    expect(() => codecOf(name).encode(round)).toThrow(encodeFailed(/./))
    expect(carried(name, { fine: [1, 'x'] })).toEqual({ fine: [1, 'x'] })
  })

  it.each([
    ['text', '\xff\xfe', /2 bytes cannot be read as text/],
    ['json', '{"a":', /5 bytes cannot be read as json/],
    ['json', '', /0 bytes/],
    ['json', '"\xff"', /json/],
    ['msgpack', '', /0 bytes cannot be read as msgpack/],
    ['msgpack', '\x81', /msgpack/],
    ['msgpack', '\x01\x01', /msgpack/],
    ['msgpack', '\xdd\xff\xff\xff\xff', /msgpack/],
    ['msgpack', '\xdb\xff\xff\xff\xff', /msgpack/],
    ['msgpack', '\xc6\xff\xff\xff\xff', /msgpack/],
    ['msgpack', '\xdd\x00\xff\xff\xff'.repeat(1_000), /msgpack/],
  ] as const)('%s cannot decode %j', (name, binary, message) => {
    const frame = new Uint8Array(Buffer.from(binary, 'latin1'))
    expect(() => codecOf(name).decode([frame])).toThrow(decodeFailed(message))
  })

  it.each(CODEC_NAMES.filter((name) => name !== 'frames'))('%s refuses a message of several frames', (name) => {
    expect(() => codecOf(name).decode([bytes('1'), bytes('2')])).toThrow(decodeFailed(/2 frames .* which has one/))
  })

  it.each(['json', 'msgpack'] as const)('%s lets no message change a prototype', (name) => {
    const attack = JSON.parse('{"__proto__":{"admin":true}}')
    const value = carried(name, attack) as Record<string, unknown>
    expect(({} as Record<string, unknown>).admin).toBeUndefined()
    expect(value.admin).toBeUndefined()
  })

  it('of msgpack writes plain maps, which any language reads', () => {
    const frame = codecOf('msgpack').encode({ a: 1 })
    expect([...(frame as Uint8Array)]).toEqual([0xde, 0, 1, 0xa1, 0x61, 1])
  })
})

describe('a schema', () => {
  const Order = z.object({ item: z.string().min(1), count: z.coerce.number<string>().default(1) })
  const format = new MessageFormat({ schema: Order })

  it('is checked by the sender, which sends the value as it is', () => {
    expect(format.encode({ item: 'tea' })).toBe('{"item":"tea"}')
  })

  it('is parsed by the receiver, so that defaults and transforms are run there', () => {
    expect(format.decode([bytes('{"item":"tea"}')])).toEqual({ item: 'tea', count: 1 })
    expect(format.decode([bytes('{"item":"tea","count":"3"}')])).toEqual({ item: 'tea', count: 3 })
  })

  it('refuses what does not fit at either end, and names what is wrong by its path', () => {
    const wrong = (what: string) =>
      expect.objectContaining({
        name: 'InvalidMessageError',
        code: 'INVALID_MESSAGE',
        message: expect.stringMatching(new RegExp(`^${what} does not fit its schema: item: `)),
        issues: [expect.objectContaining({ path: 'item' })],
      })
    expect(() => format.encode({ item: '' })).toThrow(wrong('the message to send'))
    expect(() => format.decode([bytes('{"item":""}')])).toThrow(wrong('a message that came'))
  })

  it('goes with any codec', () => {
    const text = new MessageFormat({ schema: z.string().toUpperCase(), codec: 'text' })
    expect(text.encode('tea')).toBe('tea')
    expect(text.decode([bytes('tea')])).toBe('TEA')
  })

  it('that throws makes the message invalid, and keeps what it threw', () => {
    const failure = new Error('no database')
    const throws = z.string().refine(() => {
      throw failure
    })
    expect(() => new MessageFormat({ schema: throws }).encode('x')).toThrow(
      expect.objectContaining({ code: 'INVALID_MESSAGE', cause: failure }),
    )
  })

  it('that is asynchronous is refused', () => {
    const later = new MessageFormat({ schema: z.string().refine(async () => true) })
    expect(() => later.encode('x')).toThrow(expect.objectContaining({ code: 'INVALID_MESSAGE' }))
    expect(() => later.decode([bytes('"x"')])).toThrow(expect.objectContaining({ code: 'INVALID_MESSAGE' }))
  })

  it('gives the types of both ends', () => {
    expect(format).toBeInstanceOf(MessageFormat)
    type Options = { schema: typeof Order }
    expectTypeOf<Sent<Options>>().toEqualTypeOf<{ item: string; count?: string | undefined }>()
    expectTypeOf<Received<Options>>().toEqualTypeOf<{ item: string; count: number }>()
  })
})

it('without a schema the types follow the codec, text by default', () => {
  expectTypeOf<Sent<Record<never, never>>>().toEqualTypeOf<string>()
  expectTypeOf<Received<{ codec: 'text' }>>().toEqualTypeOf<string>()
  expectTypeOf<Received<{ codec: 'bytes' }>>().toEqualTypeOf<Uint8Array>()
  expectTypeOf<Received<{ codec: 'json' }>>().toEqualTypeOf<unknown>()
  expectTypeOf<Received<{ codec: 'frames' }>>().toEqualTypeOf<Uint8Array[]>()
  expectTypeOf<Sent<{ codec: 'frames' }>>().toEqualTypeOf<readonly (string | Uint8Array)[]>()
  expect(new MessageFormat({}).encode('x')).toBe('x')
})
