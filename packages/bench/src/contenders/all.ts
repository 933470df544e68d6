/**
 * Every contender, by scenario.
 */
import type { Contender } from '../contender.js'
import { bullmq } from '../journal/bullmq.js'
import { troupeJournal } from '../journal/troupe-journal.js'
import { celeryChunks, celeryGroup } from '../python/celery.js'
import { poolImap, poolMap } from '../python/pool.js'
import { troupePython } from '../python/troupe-python.js'
import { bare } from './bare.js'
import { childPool } from './child-pool.js'
import { pairOfWorkers, thousandWorkers } from './crowd.js'
import { piscina } from './piscina.js'
import { piscinaPacked, piscinaPackedUnchecked } from './piscina-packed.js'
import { tinypool } from './tinypool.js'
import { troupe } from './troupe.js'
import { troupeRemote } from './troupe-remote.js'
import { troupeSecured } from './troupe-secured.js'

/** Those that take one task at a time. */
export const singleTaskPools: readonly Contender[] = [troupe, piscina, tinypool, childPool]

/** Those that take a list too. Python's is left out where there is no python3. */
export function listPools(): readonly Contender[] {
  const packed = [piscinaPacked, piscinaPackedUnchecked]
  return [...singleTaskPools, ...packed, poolMap].filter(canRun)
}

export const cpuPools: readonly Contender[] = [...singleTaskPools, bare]

/** Those beside which a journal is measured, which can run here. */
export const journalPools = (): readonly Contender[] => [troupe, troupeJournal, bullmq].filter(canRun)

/** Those whose tasks are in Python. */
export const pythonPools: readonly Contender[] = [troupePython, celeryGroup, celeryChunks, poolMap, poolImap]

/** Our own, started by the farm or elsewhere, and those in Python which can run here. */
export const remotePools = (): readonly Contender[] => [troupe, troupeRemote, ...pythonPools.filter(canRun)]

/** Our own, without security and with. */
export const securityPools = (): readonly Contender[] => [troupeRemote, troupeSecured]

export const canRun = ({ missing }: Contender): boolean => missing?.() === undefined

/** @throws {Error} for a name that no contender has */
export function contenderNamed(name: string | undefined): Contender {
  const packed = [piscinaPacked, piscinaPackedUnchecked]
  const ours = [troupeJournal, troupeRemote, troupeSecured, pairOfWorkers, thousandWorkers]
  const all = [...cpuPools, ...packed, ...ours, bullmq, ...pythonPools]
  const found = all.find((one) => one.name === name)
  if (found === undefined) throw new Error(`no contender "${name}"`)
  return found
}
