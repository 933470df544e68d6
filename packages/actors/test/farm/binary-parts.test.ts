import { Packr } from 'msgpackr'
import { describe, expect, it } from 'vitest'
import { BINARY_BYTES } from '../../dist/farm/binary-parts.js'
import { BODY_ENCODINGS, decodeBody, decodeParts, encodeBody, encodeParts, listFor } from '../../dist/farm/wire.js'

const large = (fill: number, bytes = BINARY_BYTES) => Buffer.alloc(bytes, fill)
const resultsOf = (value: unknown) => ({ outputs: [[1, [value]]], failures: [], busyMs: 0 })
const PLACE = (index: number) => Buffer.from([0xd6, 0x50, 0, 0, 0, index])

describe.each(BODY_ENCODINGS)('a body as %s', (encoding) => {
  const encode = (value: unknown) => encodeParts(resultsOf(value), encoding)
  const decode = (parts: readonly Uint8Array[]) => decodeParts('RESULTS', parts, encoding)?.outputs[0]?.[1][0]

  it('has large binary values as parts of their own, which are the memory that was given', () => {
    const [one, two] = [large(1), large(2)]
    const value = { one, list: [1, { two }], small: large(3, BINARY_BYTES - 1) }
    const [body, ...binaries] = encode(value)
    expect(binaries.map((part) => [part.buffer, part.byteOffset])).toEqual(
      [one, two].map((part) => [part.buffer, part.byteOffset]),
    )
    expect(body!.length).toBeGreaterThan(BINARY_BYTES)
    expect(body!.length).toBeLessThan(BINARY_BYTES + 200)
    expect(decode([body!, ...binaries])).toEqual(value)
  })

  it('has them in rows too', () => {
    const values = [1, 2, 3].map((fill) => ({ fill, bytes: large(fill) }))
    const body = { outputs: [[1, listFor(values, encoding)]], failures: [], busyMs: 0 }
    const parts = encodeParts(body, encoding)
    expect(parts.length).toBe(4)
    expect(decodeParts('RESULTS', parts, encoding)?.outputs[0]?.[1]).toEqual(values)
  })

  it('gives a Buffer, alone in its memory, for whatever kind of bytes, large or small', () => {
    const floats = Float64Array.from({ length: 4_096 }, (_, index) => index / 3)
    const kinds = [new Uint8Array(BINARY_BYTES).fill(5), floats, floats.buffer, new DataView(floats.buffer, 8)]
    for (const bytes of [...kinds, floats.subarray(0, 9), Buffer.from('small')]) {
      const whole = ArrayBuffer.isView(bytes) ? bytes : new Uint8Array(bytes)
      const wanted = Buffer.from(whole.buffer, whole.byteOffset, whole.byteLength)
      const came = decode(encode(bytes).map((part) => Buffer.from(new Uint8Array(part)))) as Buffer
      expect(Buffer.isBuffer(came)).toBe(true)
      expect(came.equals(wanted)).toBe(true)
      expect(came.buffer.byteLength).toBeLessThanOrEqual(Math.max(wanted.length, Buffer.poolSize))
    }
  })

  it('has the same value twice as two parts, so that the two are independent', () => {
    const bytes = large(1)
    expect(encode([bytes, bytes]).length).toBe(3)
  })

  it('reads a large value that stands in the body itself', () => {
    expect(decodeBody('RESULTS', encodeBody(resultsOf(large(9)), encoding), encoding)?.outputs[0]?.[1]).toEqual([
      large(9),
    ])
  })

  it('is refused with a part too few, too many, named twice, or not there', () => {
    const [body, ...binaries] = encode([large(1), large(2)])
    expect(decode([body!, ...binaries])).toEqual([large(1), large(2)])
    expect(decode([body!, binaries[0]!])).toBeUndefined()
    expect(decode([body!, ...binaries, large(3)])).toBeUndefined()
    const at = body!.length - Buffer.from(body!).lastIndexOf(PLACE(1))
    for (const index of [0, 2, 255]) {
      const wrong = Buffer.from(body!)
      PLACE(index).copy(wrong, wrong.length - at)
      expect(decode([wrong, ...binaries])).toBeUndefined()
    }
  })

  it('cannot name a part that is not there by what a user puts into a value', () => {
    const forged = { type: 0x50, data: [0, 0, 0, 0], place: PLACE(0), text: PLACE(0).toString('latin1') }
    expect(decode(encode(forged))).toEqual(forged)
  })

  it('leaves other uses of msgpackr in the process as they are, also within a value', () => {
    const other = new Packr()
    expect(other.unpack(other.pack(large(4)))).toEqual(large(4))
    expect(() => other.unpack(PLACE(0))).toThrow('no such binary part')
    class Nested {
      toJSON = () => other.pack({ bytes: large(6) })
    }
    const [packed] = decode(encode([new Nested()])) as [Buffer]
    expect(other.unpack(packed)).toEqual({ bytes: large(6) })
  })
})
