/**
 * CRC-32C (Castagnoli), the sum that LevelDB's files carry. Node has only the other CRC-32.
 */

/** Eight bytes are taken at a time: one table for each. */
const STEP = 8
const POLYNOMIAL = 0x82f63b78
const tables = Array.from({ length: STEP }, () => new Uint32Array(256))
for (let byte = 0; byte < 256; byte++) {
  let sum = byte
  for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ POLYNOMIAL : sum >>> 1
  tables[0]![byte] = sum
}
for (let table = 1; table < STEP; table++) {
  for (let byte = 0; byte < 256; byte++) {
    const before = tables[table - 1]![byte]!
    tables[table]![byte] = (before >>> 8) ^ tables[0]![before & 255]!
  }
}
const [t0, t1, t2, t3, t4, t5, t6, t7] = tables as [
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
]

export function crc32c(bytes: Uint8Array): number {
  let sum = 0xffffffff
  let at = 0
  for (const end = bytes.length - STEP; at <= end; at += STEP) {
    sum =
      t7[(sum ^ bytes[at]!) & 255]! ^
      t6[((sum >>> 8) ^ bytes[at + 1]!) & 255]! ^
      t5[((sum >>> 16) ^ bytes[at + 2]!) & 255]! ^
      t4[(sum >>> 24) ^ bytes[at + 3]!]! ^
      t3[bytes[at + 4]!]! ^
      t2[bytes[at + 5]!]! ^
      t1[bytes[at + 6]!]! ^
      t0[bytes[at + 7]!]!
  }
  for (; at < bytes.length; at++) sum = (sum >>> 8) ^ t0[(sum ^ bytes[at]!) & 255]!
  return ~sum >>> 0
}
