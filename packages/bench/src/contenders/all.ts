/**
 * Every contender, by scenario.
 */
import type { Contender } from '../contender.js'
import { bullmq } from '../journal/bullmq.js'
import { troupeJournal } from '../journal/troupe-journal.js'
import { bare } from './bare.js'
import { childPool } from './child-pool.js'
import { pairOfWorkers, thousandWorkers } from './crowd.js'
import { piscina } from './piscina.js'
import { piscinaPacked, piscinaPackedUnchecked } from './piscina-packed.js'
import { python, pythonVersion } from './python.js'
import { tinypool } from './tinypool.js'
import { troupe } from './troupe.js'
import { troupeRemote } from './troupe-remote.js'

/** Those that take one task at a time. */
export const singleTaskPools: readonly Contender[] = [troupe, piscina, tinypool, childPool]

/** Those that take a list too. Python's is left out where there is no python3. */
export function listPools(): readonly Contender[] {
  const packed = [piscinaPacked, piscinaPackedUnchecked]
  return [...singleTaskPools, ...packed, ...(pythonVersion() === undefined ? [] : [python])]
}

export const cpuPools: readonly Contender[] = [...singleTaskPools, bare]

/** Those beside which a journal is measured, which can run here. */
export const journalPools = (): readonly Contender[] =>
  [troupe, troupeJournal, bullmq].filter(({ missing }) => missing?.() === undefined)

/** Our own, started by the farm or elsewhere. */
export const remotePools = (): readonly Contender[] => [troupe, troupeRemote]

/** @throws {Error} for a name that no contender has */
export function contenderNamed(name: string | undefined): Contender {
  const all = [
    ...cpuPools,
    piscinaPacked,
    piscinaPackedUnchecked,
    python,
    troupeJournal,
    troupeRemote,
    bullmq,
    pairOfWorkers,
    thousandWorkers,
  ]
  const found = all.find((one) => one.name === name)
  if (found === undefined) throw new Error(`no contender "${name}"`)
  return found
}
