import { codecOf, errorFrom, MessageFormat } from '@troupe/core'
import { MAX_DEPTH, MAX_OBJECTS, MAX_VALUES, StrictMsgpack } from '@troupe/core/strict'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'

const msgpack = codecOf('msgpack')
const json = codecOf('json')
const bytesOf = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex')
const decodeFailed = (message: RegExp) =>
  expect.objectContaining({ code: 'DECODE_FAILED', message: expect.stringMatching(message) })
const nested = (depth: number) => {
  let value: unknown = 0
  for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { a: value }
  return value
}

describe('msgpack from outside', () => {
  it.each([
    ['a reference to an object that holds itself', 'd6 69 00000001 91 d6 70 00000001', 105],
    ['a regular expression', 'c7 00 78 92 a1 61 a0', 120],
    ['an error', 'c7 00 65 93 a5 4572726f72 a1 78 c0', 101],
    ['a set', 'c7 00 73 91 01', 115],
    ['a typed array', 'c7 03 74 05 0000', 116],
    ['a large integer', 'c7 09 42 010000000000000000', 66],
    ['bundled strings', 'd6 62 00000004 c1 01 a1 61 a1 62', 98],
    ['a record', 'd4 72 40 91 a1 61 01', 114],
    ['a record with an id of two bytes', 'd5 72 60 00 91 a1 61 01', 114],
    ['a part of a farm', 'd6 50 00000000', 80],
    ['an extension of 16 bytes', `d8 07 ${'00'.repeat(16)}`, 7],
    ['an extension of 16-bit length', 'c8 0001 07 00', 7],
    ['an extension of 32-bit length', 'c9 00000001 07 00', 7],
    ['a time of a length that there is not', 'c7 05 ff 0000000000', -1],
  ])('is refused with %s', (_what, hex, type) => {
    expect(() => msgpack.decode([bytesOf(hex)])).toThrow(
      decodeFailed(new RegExp(`extension ${type}, which is not taken`)),
    )
  })

  it('has times and undefined, and bytes that mean nothing are refused', () => {
    const value = { at: new Date(1_234), later: new Date(2 ** 40), never: new Date(Number.NaN), none: undefined }
    expect(msgpack.decode([msgpack.encode(value) as Uint8Array])).toEqual(value)
    expect(() => msgpack.decode([bytesOf('c1')])).toThrow(decodeFailed(/0xc1/))
  })

  it.each([
    ['array 32', 'dd ffffffff'],
    ['array 16', 'dc ffff'],
    ['map 32', 'df ffffffff'],
    ['map 16', 'de ffff'],
    ['str 32', 'db ffffffff'],
    ['str 8', 'd9 ff'],
    ['bin 32', 'c6 ffffffff'],
    ['bin 16', 'c5 ffff'],
    ['an array in an array', 'dd 00000002 dd ffffffff c0'],
    ['a float', 'cb 0000'],
    ['a time', 'd7 ff 00'],
  ])('is refused when its %s is longer than it is, and nothing is allocated for it', (_what, hex) => {
    expect(() => msgpack.decode([bytesOf(hex)])).toThrow(decodeFailed(/it is cut off/))
  })

  it('is refused at the first wrong byte, whatever stands before it', () => {
    const frame = Buffer.concat([bytesOf('93 01 a1 61'), bytesOf('d4 33 00')])
    expect(() => msgpack.decode([frame])).toThrow(decodeFailed(/extension 51/))
    expect(() => msgpack.decode([bytesOf('01 02')])).toThrow(decodeFailed(/behind its end/))
  })

  it.each([
    ['lists', Buffer.alloc(10_000_000, 0x91)],
    ['objects', Buffer.from('81a161'.repeat(1_000_000), 'hex')],
    ['keys', Buffer.alloc(10_000_000, 0x81)],
  ])('is refused when %s stand in each other too deeply', (_what, frame) => {
    expect(() => msgpack.decode([frame])).toThrow(decodeFailed(/deeper than 128 levels/))
  })

  it('is refused when a few bytes would become much memory', () => {
    const listOf = (count: number, byte: number) => {
      const frame = Buffer.alloc(5 + count, byte)
      frame[0] = 0xdd
      frame.writeUInt32BE(count, 1)
      return frame
    }
    for (const frame of [listOf(MAX_OBJECTS, 0x80), listOf(MAX_VALUES + 1, 0xc0)]) {
      expect(() => msgpack.decode([frame])).toThrow(decodeFailed(/more than 2000000 lists/))
    }
  })

  it('has keys that name prototypes as data, and no prototype is touched', () => {
    const value = msgpack.decode([
      bytesOf('83 a9 5f5f70726f746f5f5f 81 a1 61 01 ab 636f6e7374727563746f72 01 a9 70726f746f74797065 02'),
    ])
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
    expect({ ...(value as object) }).toEqual({ __proto_: { a: 1 }, constructor: 1, prototype: 2 })
    expect(Object.keys(Object.prototype)).toEqual([])
  })

  it('with a thousand records and more has no code made for them, and is read all the same', () => {
    const strict = new StrictMsgpack({ records: true })
    const shapes = 1_100
    const record = (n: number) => {
      const key = n.toString(36).padStart(4, '0')
      return Buffer.concat([bytesOf('d4 72 40 91 a4'), Buffer.from(key), bytesOf('01 40 02 40 03 40 04 40 05')])
    }
    const head = bytesOf('dd 00000000')
    head.writeUInt32BE(shapes * 5, 1)
    const value = strict.decode(Buffer.concat([head, ...Array.from({ length: shapes }, (_, n) => record(n))]))
    expect((value as object[]).slice(-5)).toEqual([1, 2, 3, 4, 5].map((n) => ({ '00uj': n })))
  })

  it.each([
    ['no keys', 'd4 72 40 01'],
    ['a key that is no text', 'd4 72 40 91 01 01'],
    ['more keys than there are', 'd4 72 40 dd ffffffff'],
    ['a key that is cut off', 'd4 72 40 91 a5 61'],
    ['values that are cut off', 'd4 72 40 92 a1 61 a1 62 01'],
  ])('is refused with a record of %s', (_what, hex) => {
    expect(() => new StrictMsgpack({ records: true }).decode(bytesOf(hex))).toThrow(/it is cut off|a record with/)
  })
})

describe('JSON from outside', () => {
  it.each([
    ['that ends', '['.repeat(5_000_000) + ']'.repeat(5_000_000)],
    ['that does not end', '['.repeat(10_000_000)],
    ['of objects', '{"a":'.repeat(1_000_000)],
    ['beside texts with brackets and quotes', `["\\"[[",${'['.repeat(200)}${']'.repeat(200)}]`],
  ])('is refused when it is nested too deeply, %s', (_what, text) => {
    expect(() => json.decode([Buffer.from(text)])).toThrow(decodeFailed(/deeper than 128 levels/))
  })

  it('takes any brackets in texts', () => {
    const value = { text: '[{'.repeat(1_000), 'a\\"': ['\\', '"[', `${'\\"['.repeat(300)}`] }
    expect(json.decode([Buffer.from(JSON.stringify(value))])).toEqual(value)
  })

  it('is refused when a few bytes would become much memory', () => {
    expect(() => json.decode([Buffer.from(`[${'{},'.repeat(MAX_OBJECTS)}0]`)])).toThrow(decodeFailed(/more than/))
  })

  it.each(['"__proto__"', '"\\u005f_proto__"', '"__pr\\u006Fto__" '])(
    'has the key %s as data under another name',
    (key) => {
      const value = json.decode([Buffer.from(`{"a":[{${key}:{"admin":true}}],"constructor":{"prototype":1}}`)])
      const [inner] = (value as { a: object[] }).a
      expect(Object.keys(inner!)).toEqual(['__proto_'])
      expect(Object.assign({}, inner)).not.toHaveProperty('admin')
      expect(value).toMatchObject({ constructor: { prototype: 1 } })
      expect(Object.keys(Object.prototype)).toEqual([])
    },
  )
})

describe('what is sent', () => {
  it.each([msgpack, json])('is refused at once where it would not be taken: $name', (codec) => {
    const frames = (depth: number) => [Buffer.from(codec.encode(nested(depth)) as Uint8Array)]
    expect(codec.decode(frames(MAX_DEPTH))).toEqual(nested(MAX_DEPTH))
    expect(() => frames(MAX_DEPTH + 1)).toThrow(
      expect.objectContaining({ code: 'ENCODE_FAILED', message: expect.stringMatching(/deeper than 128 levels/) }),
    )
  })
})

describe('a message that does not fit', () => {
  it('is told by its first issues, however many there are', () => {
    const format = new MessageFormat({ schema: z.array(z.string()) })
    const text = Buffer.from(JSON.stringify(Array(1_000).fill(1)))
    expect(() => format.decode([text])).toThrow(
      expect.objectContaining({
        issues: expect.objectContaining({ length: 20 }),
        message: expect.stringMatching(/; and 980 more$/),
      }),
    )
  })
})

describe('an error from outside', () => {
  it('has fields beside its own, and never in their place', () => {
    const fields = JSON.parse(
      '{"__proto__":1,"constructor":2,"toString":3,"message":4,"stack":5,"cause":6,"code":7,"name":8,"at":9}',
    )
    const error = errorFrom({ name: 'Odd', message: 'so', stack: 'here', fields })
    expect(error).toMatchObject({ name: 'Odd', message: 'so', stack: 'here', at: 9 })
    expect([error instanceof Error, error.constructor, String(error)]).toEqual([true, Error, 'Odd: so'])
    expect([Object.keys(error), 'cause' in error, 'code' in error]).toEqual([['at'], false, false])
  })

  it('has the causes that an error is told with, and none deeper', () => {
    let data: Parameters<typeof errorFrom>[0] = { name: 'Error', message: 'the last' }
    for (let level = 0; level < 100_000; level++) data = { name: 'Error', message: 'one more', cause: data }
    let depth = 0
    for (let error: unknown = errorFrom(data); error instanceof Error; error = error.cause) depth++
    expect(depth).toBe(9)
  })
})
