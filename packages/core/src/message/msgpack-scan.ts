/**
 * Looks over msgpack before it is decoded. msgpackr knows more than we speak: references that make cycles, regular expressions,
 * errors, sets, and what others in this process have taught it. It takes any depth that its stack has room for, and compiles a
 * function for each record that comes often. What has passed here is whole, has only what was agreed, and is bounded.
 */
import { MAX_DEPTH, MAX_OBJECTS, MAX_VALUES, tooDeep, tooMany } from './message-limits.js'

export interface ScanTerms {
  /** msgpackr's records: definitions, and bytes that refer to them. */
  readonly records: boolean
  /** Extension 0, which is JavaScript's undefined. */
  readonly undefineds: boolean
  /** A further extension that may come, with data of 4 bytes. */
  readonly place: number | undefined
}

const TIMESTAMP = 0xff
const RECORD = 0x72
/** A byte refers to one of so many records. */
const RECORDS = 64
const RECORD_MASK = RECORDS - 1

/** How often msgpackr reads a record before it compiles a reader for it. */
const READS_UNCOMPILED = 3

/** What a first byte begins. */
const SCALAR = 0
const TEXT = 1
const BINARY = 2
const LIST = 3
const MAP = 4
const EXTENSION = 5
const KNOWN_RECORD = 6
const NOTHING = 7

const kinds = new Uint8Array(256)
/** How many bytes follow: of a scalar all of them, else those of its length. */
const widths = new Uint8Array(256)
/** The length that a first byte says itself. */
const lengths = new Uint8Array(256)

for (let token = 0x80; token < 0xa0; token++) {
  kinds[token] = token < 0x90 ? MAP : LIST
  lengths[token] = token & 0x0f
}
for (let token = 0xa0; token < 0xc0; token++) widths[token] = token & 0x1f
kinds[0xc1] = NOTHING
for (const [kind, first, ...own] of [
  [SCALAR, 0xca, 4, 8, 1, 2, 4, 8, 1, 2, 4, 8],
  [TEXT, 0xd9, 1, 2, 4],
  [BINARY, 0xc4, 1, 2, 4],
  [LIST, 0xdc, 2, 4],
  [MAP, 0xde, 2, 4],
  [EXTENSION, 0xc7, 1, 2, 4],
  [EXTENSION, 0xd4, 0, 0, 0, 0, 0],
] as const) {
  for (const [index, width] of own.entries()) {
    kinds[first + index] = kind
    widths[first + index] = width
  }
}
for (const [index, length] of [1, 2, 4, 8, 16].entries()) lengths[0xd4 + index] = length
const kindsWithRecords = kinds.slice().fill(KNOWN_RECORD, 0x40, 0x80)

/** How many values are still to be read on each level above. A scan does not run in another one. */
const left = new Float64Array(MAX_DEPTH)
/** How many keys a record has, and how often it was read, by its byte; -1 for one that is not defined. */
const keys = new Int32Array(RECORDS)
const reads = new Int32Array(RECORDS)

/**
 * Looks over one value in msgpack. Returns for how many records msgpackr would compile a reader.
 * @throws {RangeError} for what is cut off, has something behind it, or is more than a message may hold
 * @throws {TypeError} for what is no msgpack, and for an extension that is not taken
 */
export function scanMsgpack(bytes: Uint8Array, terms: ScanTerms): number {
  const scan = new Scan(bytes, terms)
  scan.run()
  return scan.compiled
}

class Scan {
  /** How many records were read so often that a reader is compiled. */
  compiled = 0
  readonly #bytes: Uint8Array
  readonly #terms: ScanTerms
  readonly #kinds: Uint8Array
  #at = 0
  #token = 0
  #depth = 0
  #objects = 0
  #total = 0

  constructor(bytes: Uint8Array, terms: ScanTerms) {
    this.#bytes = bytes
    this.#terms = terms
    this.#kinds = terms.records ? kindsWithRecords : kinds
    if (terms.records) keys.fill(-1)
  }

  run(): void {
    let values = 1
    for (;;) {
      values = this.#scalars(values)
      if (values > 0) {
        const count = this.#begin(this.#token, this.#kinds[this.#token]!)
        values--
        if (count > 0) {
          this.#open(count)
          left[this.#depth++] = values
          values = count
        }
      } else if (this.#depth === 0) break
      else values = left[--this.#depth]!
    }
    if (this.#at > this.#bytes.length) throw cutOff()
    if (this.#at < this.#bytes.length) throw new RangeError('it has something behind its end')
  }

  /** Goes over so many values up to one that is no scalar; returns how many are left, that one among them. */
  #scalars(values: number): number {
    // This is the path of each value: what it needs is at hand.
    const [bytes, kindOf] = [this.#bytes, this.#kinds]
    let at = this.#at
    let toRead = values
    for (; toRead > 0; toRead--) {
      if (at >= bytes.length) throw cutOff()
      const token = bytes[at++]!
      if (kindOf[token] !== SCALAR) {
        this.#token = token
        break
      }
      at += widths[token]!
    }
    this.#at = at
    return toRead
  }

  /** Goes on behind what a byte begins, or into it: then there are values in it, and it returns how many. */
  #begin(token: number, kind: number): number {
    if (kind === KNOWN_RECORD) return this.#knownRecord(token & RECORD_MASK)
    if (kind === NOTHING) throw new TypeError('it has a byte 0xc1, which is nothing in msgpack')
    const width = widths[token]!
    const length = width === 0 ? lengths[token]! : this.#number(width)
    if (kind === TEXT) {
      this.#at += length
      return 0
    }
    if (kind === EXTENSION) return this.#extension(token, length)
    this.#object()
    if (kind === BINARY) {
      this.#at += length
      return 0
    }
    return kind === MAP ? length * 2 : length
  }

  #open(count: number): void {
    // Each value has a byte at least.
    if (count > this.#bytes.length - this.#at) throw cutOff()
    this.#total += count
    if (this.#total > MAX_VALUES) throw tooMany()
    if (this.#depth === MAX_DEPTH) throw tooDeep()
  }

  #object(): void {
    if (++this.#objects > MAX_OBJECTS) throw tooMany()
  }

  #knownRecord(record: number): number {
    const count = keys[record]!
    // It is a number then.
    if (count === -1) return 0
    if (++reads[record]! === READS_UNCOMPILED + 1) this.compiled++
    this.#object()
    return count
  }

  #extension(token: number, length: number): number {
    const type = this.#number(1)
    this.#object()
    if (token === 0xd4 && type === RECORD && this.#terms.records) return this.#definition()
    if (!this.#isTaken(token, type, length)) {
      throw new TypeError(`it has extension ${type > 127 ? type - 256 : type}, which is not taken`)
    }
    this.#at += length
    return 0
  }

  #isTaken(token: number, type: number, length: number): boolean {
    // Its invalid form is one of 1 byte.
    if (type === TIMESTAMP) return length === 1 || length === 4 || length === 8 || length === 12
    if (type === this.#terms.place) return token === 0xd6
    return type === 0 && token === 0xd4 && this.#terms.undefineds
  }

  /** The definition of a record: its byte, and its keys. Returns how many, for its first values follow. */
  #definition(): number {
    const record = this.#number(1) & RECORD_MASK
    const token = this.#number(1)
    if (kinds[token] !== LIST) throw new TypeError('it has a record without keys')
    const width = widths[token]!
    const count = width === 0 ? lengths[token]! : this.#number(width)
    this.#open(count)
    for (let key = 0; key < count; key++) this.#key()
    keys[record] = count
    reads[record] = 1
    return count
  }

  #key(): void {
    const token = this.#number(1)
    const isShort = token >= 0xa0 && token < 0xc0
    if (!isShort && kinds[token] !== TEXT) throw new TypeError('it has a record with a key that is no string')
    this.#at += isShort ? widths[token]! : this.#number(widths[token]!)
  }

  /** The big-endian number of a width. */
  #number(width: number): number {
    const bytes = this.#bytes
    let number = 0
    for (const end = this.#at + width; this.#at < end; this.#at++) {
      if (this.#at >= bytes.length) throw cutOff()
      number = number * 256 + bytes[this.#at]!
    }
    return number
  }
}

const cutOff = () => new RangeError('it is cut off')
