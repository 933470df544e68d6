/**
 * Values of machines as plain data, to look at elsewhere: what cannot be sent is told by its name.
 */
import { errorData } from '@troupe/core/kernel'

/** What is deeper, or more, is left out: a context may hold a socket, and with that half of Node. */
const MAX_DEPTH = 10
const MAX_VALUES = 10_000
const LEFT_OUT = '...'

/** A copy. Functions become `{ type: name }`, as the actions and guards of a machine that is drawn; a cycle is cut. */
export function plainOf(value: unknown): unknown {
  let left = MAX_VALUES
  const plain = (one: unknown, around: readonly object[]): unknown => {
    if (left-- <= 0) return LEFT_OUT
    if (typeof one !== 'object' || one === null || isLeaf(one)) return leafOf(one)
    if (around.length === MAX_DEPTH || around.includes(one)) return LEFT_OUT
    const inside = [...around, one]
    return branchOf(one, (item) => plain(item, inside))
  }
  return plain(value, [])
}

const isLeaf = (one: object): boolean => one instanceof Error || one instanceof Date || one instanceof Uint8Array

function leafOf(one: unknown): unknown {
  if (typeof one === 'function') return { type: one.name }
  if (typeof one === 'symbol' || typeof one === 'bigint') return String(one)
  return one instanceof Error ? errorData(one) : one
}

function branchOf(one: object, plain: (item: unknown) => unknown): unknown {
  // An actor of xstate says by this what it is, without all that it holds.
  const { toJSON } = one as { toJSON?: unknown }
  if (typeof toJSON === 'function') return plain(toJSON.call(one))
  if (Array.isArray(one) || one instanceof Set) return Array.from(one, plain)
  const entries = one instanceof Map ? [...one] : Object.entries(one)
  return Object.fromEntries(entries.map(([key, item]) => [String(key), plain(item)]))
}
