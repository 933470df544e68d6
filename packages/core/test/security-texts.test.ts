/**
 * What is read of security: each byte changed in several ways, and cut off after each.
 */
import { expect, it } from 'vitest'
import { openEnvelope, parseZapRequest } from '../dist/security/zap.js'
import { parseZpl } from '../dist/security/zpl.js'

const KEY = 'rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7'
const BYTES = [0, 1, 0x20, 0x22, 0x3d, 0x7f, 0x80, 0xff]

/** A message with one byte of it changed, or cut off. */
function* mutated(bytes: Buffer): Iterable<Buffer> {
  for (let at = 0; at < bytes.length; at++) {
    yield bytes.subarray(0, at)
    for (const byte of BYTES) {
      const one = Buffer.from(bytes)
      one[at] = byte
      yield one
    }
  }
}

it.each([
  ['NULL', []],
  ['PLAIN', ['ann', 'secret']],
  ['CURVE', [Buffer.alloc(32, 7)]],
] as const)('a question of ZAP for %s is read or refused, whatever is changed in it', (mechanism, shown) => {
  const frames = ['peer', '', '1.0', '1', 'domain', '127.0.0.1', '', mechanism, ...shown].map((frame) =>
    Buffer.from(frame),
  )
  const read = (asked: readonly Buffer[]) => parseZapRequest(openEnvelope(asked)?.asked ?? asked)
  expect(read(frames)).toMatchObject({ credentials: { mechanism } })
  let refused = 0
  for (const [place, frame] of frames.entries()) {
    for (const one of mutated(frame))
      if ('wrong' in read(frames.map((other, index) => (index === place ? one : other)))) refused++
    if ('wrong' in read(frames.slice(0, place))) refused++
  }
  expect(refused).toBeGreaterThan(20)
})

it('a certificate is read or is none, whatever is changed in it, and no prototype is touched', () => {
  const text = `#  comment\nmetadata\n    name = "a name"\n    __proto__ = 'x'\ncurve\n    public-key = "${KEY}"\n`
  const keyOf = (bytes: Buffer) => parseZpl(bytes.toString()).get('curve')?.get('public-key')
  expect(keyOf(Buffer.from(text))).toBe(KEY)
  let others = 0
  for (const one of mutated(Buffer.from(text))) if (keyOf(one) !== KEY) others++
  expect(others).toBeGreaterThan(100)
  expect(({} as Record<string, unknown>).name).toBeUndefined()
})
