/**
 * How much memory a value holds that came in a frame with others, in bytes, about as it was on the wire.
 */

/** What a number, and each list and object of its own, is reckoned as. */
const SMALL_BYTES = 8

/** @param value as a strict decoder gives it, whose depth is bounded */
export function weightOf(value: unknown): number {
  if (typeof value === 'string') return SMALL_BYTES + value.length
  if (typeof value !== 'object' || value === null) return SMALL_BYTES
  if (value instanceof Uint8Array) return SMALL_BYTES + value.byteLength
  let bytes = SMALL_BYTES
  if (Array.isArray(value)) for (const one of value) bytes += weightOf(one)
  else for (const [key, one] of Object.entries(value)) bytes += key.length + weightOf(one)
  return bytes
}
