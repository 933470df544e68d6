/**
 * Looks whether a table of LevelDB is whole, before LevelDB reads it.
 *
 * LevelDB leaves the sums of tables alone unless it is told to look at them, and its binding cannot tell it. It then takes
 * a garbled size for one, and the process ends in std::bad_alloc. Tables without compression can be checked from here.
 */
import { crc32c } from './crc32c.js'

const FOOTER_BYTES = 48
const MAGIC = Buffer.from('57fb808b247547db', 'hex')
/** After each block: how it is compressed, and the sum. */
const TRAILER_BYTES = 5
const UNCOMPRESSED = 0

/** What is wrong with the table; undefined when it is whole. */
export function tableDamage(table: Buffer): string | undefined {
  try {
    checkTable(table)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

/** Every block is named by the index, or by that of the blocks beside the data; those two by the footer. */
function checkTable(table: Buffer): void {
  const footer = new Cursor(table, table.length - FOOTER_BYTES)
  if (table.length < FOOTER_BYTES || !table.subarray(-MAGIC.length).equals(MAGIC)) throw new Error('it has no end')
  for (let index = 0; index < 2; index++) {
    for (const handle of valuesOf(blockAt(table, footer))) blockAt(table, new Cursor(handle, 0))
  }
}

/** The block at a handle, its sum looked at. */
function blockAt(table: Buffer, handle: Cursor): Buffer {
  const offset = handle.varint()
  const end = offset + handle.varint()
  if (end + TRAILER_BYTES > table.length) throw new Error('a block ends beyond it')
  if (table[end] !== UNCOMPRESSED) throw new Error('a block is of another format')
  if (unmasked(table.readUInt32LE(end + 1)) !== crc32c(table.subarray(offset, end + 1))) {
    throw new Error('the sum of a block is wrong')
  }
  return table.subarray(offset, end)
}

/** The values of a block: entries, then the offsets of some of them, then how many offsets those are. */
function valuesOf(block: Buffer): Buffer[] {
  const end = block.length - 4 * (1 + block.readUInt32LE(block.length - 4))
  const values: Buffer[] = []
  for (const cursor = new Cursor(block, 0); cursor.at < end; ) {
    cursor.varint()
    const keyBytes = cursor.varint()
    const valueBytes = cursor.varint()
    cursor.at += keyBytes
    values.push(block.subarray(cursor.at, cursor.at + valueBytes))
    cursor.at += valueBytes
  }
  return values
}

/** LevelDB stores sums so that one within what is summed does no harm. */
function unmasked(masked: number): number {
  const turned = (masked - 0xa282ead8) >>> 0
  return ((turned >>> 17) | (turned << 15)) >>> 0
}

class Cursor {
  constructor(
    readonly bytes: Buffer,
    public at: number,
  ) {}

  varint(): number {
    let value = 0
    for (let scale = 1; scale <= 2 ** 49; scale *= 128) {
      const byte = this.bytes[this.at++]
      if (byte === undefined) break
      value += (byte & 127) * scale
      if (byte < 128) return value
    }
    throw new Error('a number in it has no end')
  }
}
