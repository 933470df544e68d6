/**
 * How entries are written: a header of some ten bytes with a sum, and the body as it is, under keys that follow each other.
 *
 * Each header names the place before its own, and the sum of its body. So whatever is missing, doubled or changed shows.
 */
import { crc32 } from 'node:zlib'
import { parseJson, StrictMsgpack } from '@troupe/core/strict'
import { Packr } from 'msgpackr'
import type { JournalEntry, Ranges, ScannedEntry } from './journal.js'

/** A header as it is written. */
export interface HeaderRecord {
  readonly entry: ScannedEntry
  /** Of the body; null when there is none. */
  readonly bodySum: number | null
  /** The place of the entry before; -1 before the first. */
  readonly previous: number
}

export const HEADER = 0
export const BODY = 1
type Part = typeof HEADER | typeof BODY

/** What begins the keys of what a run is, and of its entries. */
export const RUNS = 0
export const ENTRIES = 1

const ENTRY_KEY_BYTES = 12
const PLACE_AT = 5
const PLACE_BYTES = 6
const SUM_BYTES = 4
const KINDS = ['accepted', 'done', 'failed', 'taken'] as const
const packr = new Packr({ useRecords: false })
const strict = new StrictMsgpack()

export function runKey(run: number): Buffer {
  const key = Buffer.alloc(PLACE_AT)
  key[0] = RUNS
  key.writeUInt32BE(run, 1)
  return key
}

export function entryKey(run: number, place: number, part: Part): Buffer {
  const key = Buffer.alloc(ENTRY_KEY_BYTES)
  key[0] = ENTRIES
  key.writeUInt32BE(run, 1)
  key.writeUIntBE(place, PLACE_AT, PLACE_BYTES)
  key[ENTRY_KEY_BYTES - 1] = part
  return key
}

/** The keys of all entries of a run from a place on. */
export function entryRange(run: number, from = 0): { readonly gte: Buffer; readonly lt: Buffer } {
  return { gte: entryKey(run, from, HEADER), lt: entryKey(run + 1, 0, HEADER) }
}

export const runOf = (key: Buffer): number => key.readUInt32BE(1)
export const placeOf = (key: Buffer): number => key.readUIntBE(PLACE_AT, PLACE_BYTES)
export const isHeader = (key: Buffer): boolean => key[ENTRY_KEY_BYTES - 1] === HEADER

export function bodyOf(entry: JournalEntry): Uint8Array | undefined {
  return entry.kind === 'taken' ? undefined : entry.body
}

/** The value of a key with a sum over both. */
export function sealed(key: Buffer, value: Uint8Array): Buffer {
  const record = Buffer.allocUnsafe(SUM_BYTES + value.length)
  record.writeUInt32LE(crc32(value, crc32(key)), 0)
  record.set(value, SUM_BYTES)
  return record
}

/** The value again; undefined when the sum is wrong. */
export function unsealed(key: Buffer, record: Buffer): Buffer | undefined {
  if (record.length < SUM_BYTES) return undefined
  const value = record.subarray(SUM_BYTES)
  return crc32(value, crc32(key)) === record.readUInt32LE(0) ? value : undefined
}

export function headerRecord(key: Buffer, { entry, bodySum, previous }: HeaderRecord): Buffer {
  const common = [KINDS.indexOf(entry.kind), entry.place - previous, bodySum]
  return sealed(key, packr.pack([...common, ...fieldsOf(entry)]))
}

/** The header again; undefined when it is damaged, or none at all. */
export function readHeader(key: Buffer, record: Buffer): HeaderRecord | undefined {
  const value = unsealed(key, record)
  if (value === undefined) return undefined
  try {
    const [kind, back, bodySum, ...fields] = listOf(strict.decode(value))
    if (!isCount(back) || !(bodySum === null || isCount(bodySum))) return undefined
    const place = placeOf(key)
    const entry = entryOf(kind, fields, place)
    return entry && { entry, bodySum, previous: place - back }
  } catch {
    return undefined
  }
}

function fieldsOf(entry: ScannedEntry): unknown[] {
  switch (entry.kind) {
    case 'accepted':
      return [entry.first, entry.count, entry.hash]
    case 'done':
      return [stepsOf(entry.indexes)]
    case 'failed':
      return [entry.index]
    case 'taken':
      // As JSON, which keeps any text as it is: also one that UTF-8 has no bytes for.
      return entry.note === undefined ? [stepsOf(entry.indexes)] : [stepsOf(entry.indexes), JSON.stringify(entry.note)]
  }
}

/** The entry of a kind; undefined for other fields than it has. */
function entryOf(kind: unknown, fields: readonly unknown[], place: number): ScannedEntry | undefined {
  const [first, second, third] = fields
  switch (KINDS[kind as number]) {
    case 'accepted':
      if (!isCount(first) || !isCount(second) || typeof third !== 'string') return undefined
      return { kind: 'accepted', first, count: second, hash: third, place }
    case 'done':
      return { kind: 'done', indexes: rangesOf(first), place }
    case 'failed':
      return isCount(first) ? { kind: 'failed', index: first, place } : undefined
    case 'taken': {
      const taken = { kind: 'taken', indexes: rangesOf(first), place } as const
      if (fields.length === 1) return taken
      const note = typeof second === 'string' ? parseJson(second) : undefined
      return typeof note === 'string' ? { ...taken, note } : undefined
    }
    default:
      return undefined
  }
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

/** @throws {TypeError} for what is no list */
function listOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw new TypeError('it is no list')
}

/** Ranges as steps from one to the next, which are small numbers. */
function stepsOf(ranges: Ranges): number[] {
  let at = 0
  return ranges.flatMap(([first, count]) => {
    const step = first - at
    at = first + count
    return [step, count]
  })
}

/** @throws {TypeError} for what are no steps */
function rangesOf(said: unknown): Ranges {
  const steps = listOf(said) as readonly number[]
  if (steps.length % 2 === 1 || !steps.every(Number.isSafeInteger)) throw new TypeError('they are no steps')
  const ranges: [number, number][] = []
  let at = 0
  for (let index = 0; index < steps.length; index += 2) {
    const first = at + steps[index]!
    const count = steps[index + 1]!
    ranges.push([first, count])
    at = first + count
  }
  return ranges
}
