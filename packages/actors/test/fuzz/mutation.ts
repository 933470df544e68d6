/**
 * Real messages, and then not quite: what a broken or a hostile peer might send.
 */
import type { Seeded } from '@troupe/testing/seeded'

export type Parts = readonly Uint8Array[]

/** Headers of lists, maps, texts, bytes and extensions that are longer than anything. */
const GIANTS = [
  'ddffffffff',
  'dfffffffff',
  'dbffffffff',
  'c6ffffffff',
  'c9ffffffff50',
  'dcffff',
  'deffff',
  'daffff',
  'd9ff',
]
/** What msgpackr knows and nobody has agreed on, keys that are prototypes, and what is no msgpack. */
const STRANGE = [
  ...['c7007892a161a0', 'd6690000000191d67000000001', 'c7007391c0', 'c7006593a14fa16dc0', 'c703740500ff', 'c10101'],
  ...['d4724091a16101', 'd5726000 91a16101', '40', 'd40000', 'd4ffff', 'd6ff00000001', 'd65000000000', 'd650ffffffff'],
  ...[
    'a95f5f70726f746f5f5f',
    'ab636f6e7374727563746f72',
    'a970726f746f74797065',
    'cb7ff8000000000000',
    'cb7ff0000000000000',
  ],
  ...['cfffffffffffffffff', 'd38000000000000000', 'a3ff80c0', 'c0'],
].map((hex) => hex.replace(' ', ''))
const STRANGE_JSON = [
  '"__proto__":{"polluted":true},',
  '"constructor":{"prototype":{"polluted":true}},',
  '\\u0000',
  '1e999',
  '\ud800',
  '-0',
]
const DEPTHS = [20, 140, 140, 1_000, 20_000]
/** No frame grows beyond this: it would only be slower. */
const MOST_BYTES = 1 << 18

/** A message made of one, and of another of its kind. */
export function mutated(random: Seeded, one: Parts, other: Parts): Parts {
  let parts = one
  for (let times = random.chance(0.7) ? 1 : random.whole(2, 5); times > 0; times--) {
    parts = random.chance(0.1) ? otherParts(random, parts, other) : otherBytes(random, parts, other)
  }
  return parts
}

/** More parts or fewer, or in another order. */
function otherParts(random: Seeded, parts: Parts, other: Parts): Parts {
  const at = random.whole(0, parts.length)
  switch (random.whole(0, 4)) {
    case 0:
      return parts.toSpliced(at, 1)
    case 1:
      return parts.toSpliced(at, 0, random.pick([...parts, ...other, new Uint8Array(), bytesOf(random, 20)]))
    case 2:
      return parts.toReversed()
    case 3:
      return [...parts.slice(0, at), ...other.slice(random.whole(0, other.length))]
    default:
      return parts.length < 8 ? [...parts, ...parts] : parts.slice(0, 1)
  }
}

/** Other bytes in one of the parts. */
function otherBytes(random: Seeded, parts: Parts, other: Parts): Parts {
  if (parts.length === 0) return other
  const at = random.whole(0, parts.length - 1)
  const part = Buffer.from(parts[at]!)
  const changed = random.chance(0.4) ? turned(random, part) : spliced(random, part, random.pick([...other, part]))
  return parts.with(at, changed.subarray(0, MOST_BYTES))
}

/** Bits and bytes turned, in their places. */
function turned(random: Seeded, part: Buffer): Buffer {
  if (part.length === 0) return part
  for (let times = random.whole(1, 6); times > 0; times--) {
    const at = random.whole(0, part.length - 1)
    part[at] = random.chance(0.5) ? part[at]! ^ (1 << random.whole(0, 7)) : random.whole(0, 255)
  }
  return part
}

function spliced(random: Seeded, part: Buffer, other: Uint8Array): Buffer {
  const [from, to] = [random.whole(0, part.length), random.whole(0, part.length)].sort((a, b) => a - b) as [
    number,
    number,
  ]
  const [before, within, after] = [part.subarray(0, from), part.subarray(from, to), part.subarray(to)]
  const behind = part.subarray(from)
  const isText = part[0] === 0x5b || part[0] === 0x7b
  switch (random.whole(0, 7)) {
    case 0:
      return before
    case 1:
      return Buffer.concat([before, after])
    case 2:
      return Buffer.concat([before, within, within, after])
    case 3:
      return Buffer.concat([before, other.subarray(random.whole(0, other.length))])
    case 4:
      return Buffer.concat([before, bytesOf(random, 12), behind])
    case 5:
      return Buffer.concat([before, Buffer.from(random.pick(GIANTS), 'hex'), random.chance(0.5) ? behind : after])
    case 6:
      return Buffer.concat([before, nested(random, isText), random.chance(0.5) ? behind : after])
    default:
      return Buffer.concat([
        before,
        isText ? Buffer.from(random.pick(STRANGE_JSON)) : Buffer.from(random.pick(STRANGE), 'hex'),
        behind,
      ])
  }
}

function nested(random: Seeded, isText: boolean): Buffer {
  const depth = random.chance(0.9) ? random.whole(1, 8) : random.pick(DEPTHS)
  if (!isText)
    return Buffer.from(
      random.pick(['91', '81a161', '92c0', '83a46e616d65a14ea76d657373616765a14da56361757365']).repeat(depth),
      'hex',
    )
  const [open, close] = random.pick([
    ['[', ']'],
    ['{"a":', '}'],
  ] as const)
  return Buffer.from(`${open.repeat(depth)}1${close.repeat(depth)}`)
}

const bytesOf = (random: Seeded, most: number) =>
  Buffer.from(Array.from({ length: random.whole(0, most) }, () => random.whole(0, 255)))
