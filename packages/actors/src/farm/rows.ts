/**
 * Lists of objects of one shape, written as their keys, once, and their values, row by row.
 *
 * msgpackr's records are about as small, but each body brings its definitions anew and msgpackr compiles a reader for
 * each of them. What reads rows is compiled once for each shape, and kept.
 *
 * Keys may come from outside. In the text of a reader there are only words of letters and digits, and a reader is made only for a shape
 * of which many rows have come, so that who sends many shapes cannot have a reader made for each.
 */
import { MAX_OBJECTS, tooMany } from '@troupe/core/strict'

export interface Rows {
  readonly keys: readonly string[]
  /** The values of the first object in the order of the keys, then those of the second, and so on. */
  readonly cells: readonly unknown[]
}

/** A list of values, or what stands for it on the wire. */
export type List = readonly unknown[] | Rows

/** Objects with more keys than this stay as they are. */
const MAX_KEYS = 64
/** Readers that are kept; what comes from outside must not fill the memory with them. */
const MAX_READERS = 500

/** A reader is compiled for a shape with more rows than this. */
const ROWS_UNCOMPILED = 64

type Reader = (cells: readonly unknown[]) => unknown[]
interface Shape {
  rows: number
  reader: Reader | undefined
}
const shapes = new Map<string, Shape>()
let rowsLeft = MAX_OBJECTS

/** The lists of a body that is read next may have as many rows as a message may have objects. */
export function limitRows(): void {
  rowsLeft = MAX_OBJECTS
}

/** The list as rows, if all its values are plain objects with the same keys in the same order; else itself. */
export function toRows(values: readonly unknown[]): List {
  const keys = keysOf(values[0])
  if (keys === undefined || values.length < 2) return values
  const cells: unknown[] = new Array(values.length * keys.length)
  let at = 0
  for (const value of values) {
    if (!writeRow(cells, at, keys, value)) return values
    at += keys.length
  }
  return { keys, cells }
}

/** The values again; undefined for what is no list. @throws {RangeError} for more rows than a message may have objects */
export function fromRows(list: unknown): unknown[] | undefined {
  if (Array.isArray(list)) return list
  const { keys, cells } = (list ?? {}) as Partial<Rows>
  if (!areKeys(keys) || !Array.isArray(cells) || cells.length % keys.length !== 0) return undefined
  const rows = cells.length / keys.length
  rowsLeft -= rows
  if (rowsLeft < 0) throw tooMany()
  const reader = readerOf(keys, rows)
  return reader === undefined ? interpreted(keys, cells) : reader(cells)
}

function writeRow(cells: unknown[], at: number, keys: readonly string[], value: unknown): boolean {
  if (!isPlain(value)) return false
  let column = 0
  for (const key in value) {
    if (key !== keys[column]) return false
    cells[at + column++] = value[key]
  }
  return column === keys.length
}

function keysOf(value: unknown): string[] | undefined {
  if (!isPlain(value)) return undefined
  const keys = Object.keys(value)
  return areKeys(keys) ? keys : undefined
}

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' &&
  value !== null &&
  Object.getPrototypeOf(value) === Object.prototype &&
  typeof (value as { toJSON?: unknown }).toJSON !== 'function'

function areKeys(keys: unknown): keys is readonly string[] {
  if (!Array.isArray(keys) || keys.length === 0 || keys.length > MAX_KEYS) return false
  // In a literal it would not be a key.
  return keys.every((key) => typeof key === 'string' && key !== '__proto__') && new Set(keys).size === keys.length
}

function readerOf(keys: readonly string[], rows: number): Reader | undefined {
  const name = JSON.stringify(keys)
  let shape = shapes.get(name)
  if (shape === undefined) {
    shape = { rows: 0, reader: undefined }
    if (shapes.size === MAX_READERS) shapes.clear()
    shapes.set(name, shape)
  }
  shape.rows += rows
  if (shape.reader === undefined && shape.rows > ROWS_UNCOMPILED && keys.every((key) => WORD.test(key))) {
    shape.reader = compiled(keys)
  }
  return shape.reader
}

const WORD = /^[A-Za-z_$][A-Za-z0-9_$]{0,99}$/

/** A reader whose objects are literals, which the engine makes fastest. None where code from strings is forbidden. */
function compiled(keys: readonly string[]): Reader | undefined {
  const properties = keys.map((key, column) => `${JSON.stringify(key)}:cells[at+${column}]`).join(',')
  const code = `const rows=[];for(let at=0;at<cells.length;at+=${keys.length})rows.push({${properties}});return rows`
  try {
    return new Function('cells', code) as Reader
  } catch {
    return undefined
  }
}

function interpreted(keys: readonly string[], cells: readonly unknown[]): unknown[] {
  const rows: unknown[] = []
  for (let at = 0; at < cells.length; at += keys.length) {
    rows.push(Object.fromEntries(keys.map((key, column) => [key, cells[at + column]])))
  }
  return rows
}
