/**
 * Every contender, by scenario.
 */
import type { Contender } from '../contender.js'
import { bare } from './bare.js'
import { childPool } from './child-pool.js'
import { piscina } from './piscina.js'
import { piscinaPacked, piscinaPackedUnchecked } from './piscina-packed.js'
import { python, pythonVersion } from './python.js'
import { tinypool } from './tinypool.js'
import { troupe } from './troupe.js'

/** Those that take one task at a time. */
export const singleTaskPools: readonly Contender[] = [troupe, piscina, tinypool, childPool]

/** Those that take a list too. Python's is left out where there is no python3. */
export function listPools(): readonly Contender[] {
  const packed = [piscinaPacked, piscinaPackedUnchecked]
  return [...singleTaskPools, ...packed, ...(pythonVersion() === undefined ? [] : [python])]
}

export const cpuPools: readonly Contender[] = [...singleTaskPools, bare]

/** @throws {Error} for a name that no contender has */
export function contenderNamed(name: string | undefined): Contender {
  const found = [...singleTaskPools, piscinaPacked, piscinaPackedUnchecked, python, bare].find(
    (one) => one.name === name,
  )
  if (found === undefined) throw new Error(`no contender "${name}"`)
  return found
}
