/**
 * Large binary values of a body, which travel as message parts of their own behind it: neither the codec nor this code
 * copies them. In the body stands an extension with the place of the part.
 */
import { addExtension, type Packr } from 'msgpackr'
import { reuseLargeMemory } from './large-memory.js'
import { asBuffer, type Parts } from './parts.js'

/** Values from this size on, in bytes, travel so. */
export const BINARY_BYTES = 16 << 10
/** A message has no more of them: each is a part that ZeroMQ allocates and hands over singly. */
export const MAX_BINARIES = 4_096

/** The extension that stands in the body: the place of the part, from 0, as a 32-bit integer. */
const BINARY_EXTENSION = 0x50

type Bytes = ArrayBuffer | ArrayBufferView

/** Where the values go while a body is being packed, and by whom. */
let taken: Uint8Array[] | undefined
let packing: Packr | undefined
/** Where they come from while a body is being read; the place of one that was read is empty. */
let given: (Uint8Array | undefined)[] | undefined

/** A value as `packr` packs it, and behind it the large binary values in it, in their order, which are not copied. */
export function packApart(packr: Packr, value: unknown): [body: Uint8Array, ...binaries: Uint8Array[]] {
  const binaries: Uint8Array[] = []
  taken = binaries
  packing = packr
  try {
    return [packr.pack(value), ...binaries]
  } finally {
    taken = undefined
  }
}

/**
 * What `unpack` returns, with the binary values in their places.
 * @throws {RangeError} unless each part is named exactly once
 */
export function unpackWith(binaries: readonly Uint8Array[], unpack: () => unknown): unknown {
  if (binaries.length > 0) reuseLargeMemory()
  const left: (Buffer | undefined)[] = binaries.map(alone)
  given = left
  try {
    const value = unpack()
    if (left.some((part) => part !== undefined)) throw new RangeError('a binary part is named nowhere')
    return value
  } finally {
    given = undefined
  }
}

/**
 * The parts of a message, with copies of the binary values: inside one process a part arrives as the memory that was
 * sent, and what receives it must not share it with who sent it.
 */
export const ownedParts = ([header, body, ...binaries]: Parts): Parts => [
  header!,
  body!,
  ...binaries.map((part) => Buffer.from(part)),
]

/** A part that is a slice of more would keep all of that alive. */
const alone = (part: Uint8Array): Buffer =>
  part.byteLength === part.buffer.byteLength ? asBuffer(part) : Buffer.from(part)

// msgpackr knows extensions for the whole process only, so this one says for everybody else that it has nothing to do.
const isLarge = (value: unknown): boolean =>
  taken !== undefined && isBytes(value) && value.byteLength >= BINARY_BYTES && taken.length < MAX_BINARIES

const isBytes = (value: unknown): value is Bytes => ArrayBuffer.isView(value) || value instanceof ArrayBuffer

/** What stands in a body for a binary part. */
export const PLACE = {
  type: BINARY_EXTENSION,
  read(place: Uint8Array): Uint8Array {
    const index = new DataView(place.buffer, place.byteOffset).getUint32(0)
    const part = given?.[index]
    if (part === undefined) throw new RangeError('no such binary part')
    given![index] = undefined
    return part
  },
} as const

addExtension({
  Class: { [Symbol.hasInstance]: isLarge } as unknown as new () => unknown,
  type: BINARY_EXTENSION,
  // Its type leaves out what msgpackr gives beside the value.
  pack: packPlace as (value: unknown) => Uint8Array,
  unpack: PLACE.read,
})

type Allocate = (size: number) => unknown
type Pack = (value: unknown) => void

function packPlace(this: Packr, value: Bytes, allocate: Allocate, pack: Pack): Uint8Array | undefined {
  if (this !== packing) return packByItself(value, allocate, pack)
  reuseLargeMemory()
  const place = Buffer.alloc(4)
  place.writeUInt32BE(taken!.push(bytesOf(value)) - 1)
  return place
}

/** Another packer, which a value's own toJSON uses meanwhile, writes it as it always does. */
function packByItself(value: Bytes, allocate: Allocate, pack: Pack): undefined {
  const before = taken
  taken = undefined
  try {
    allocate(0)
    pack(value)
  } finally {
    taken = before
  }
}

const bytesOf = (value: Bytes): Buffer =>
  ArrayBuffer.isView(value) ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : Buffer.from(value)
