/**
 * Prefixes that are subscribed to: bytes, or text that stands for its UTF-8.
 */
import { InvalidOptionsError } from '@troupe/core'

export type Prefix = string | Uint8Array

/** The bytes of each. @throws {InvalidOptionsError} `INVALID_OPTIONS` */
export function bytesOf(prefixes: readonly Prefix[]): Uint8Array[] {
  return prefixes.map((prefix) => {
    if (typeof prefix === 'string') return Buffer.from(prefix)
    if (prefix instanceof Uint8Array) return prefix
    const message = `must be a string or a Uint8Array, not ${prefix === null ? 'null' : `a ${typeof prefix}`}`
    throw new InvalidOptionsError('a subscription', [{ path: 'prefix', message }])
  })
}
