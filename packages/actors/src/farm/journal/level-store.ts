/**
 * Opens the LevelDB of a journal, whatever became of its files.
 */
import { mkdir, readdir, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { type Level, levelCode, openLevel, repairLevel } from './level.js'
import { tableDamage } from './table-check.js'

const TABLE = /\.(ldb|sst)$/
const DATA = /\.(ldb|sst|log)$/

export interface OpenedStore {
  readonly level: Level
  /** What was wrong with it before. */
  readonly damage?: string | undefined
}

/** The caller has the lock of the journal. Rejects when nothing can be made of the files. */
export async function openStore(path: string): Promise<OpenedStore> {
  const names = await readdir(path).catch(() => [])
  const aside = await setDamagedAside(path, names)
  const damage = await damageOfManifest(path, names)
  if (damage !== undefined) return await repaired(path, aside ?? damage)
  try {
    // A table that was set aside may be what a compaction had begun when it was killed: then none is missing.
    return { level: await openLevel(path) }
  } catch (error) {
    // Not for any failure: a repair on a full disk would lose what is whole.
    if (levelCode(error) !== 'LEVEL_CORRUPTION') throw error
    return await repaired(path, aside ?? (error as Error).message)
  }
}

async function repaired(path: string, damage: string): Promise<OpenedStore> {
  await repairLevel(path)
  const level = await openLevel(path)
  // A repair puts all tables on one level, where the older of two values may be the one that is found.
  await level.compactRange(Buffer.alloc(0), Buffer.alloc(16, 255))
  return { level, damage }
}

/** Moves tables that are not whole to where LevelDB's own repair puts what it cannot use. */
async function setDamagedAside(path: string, names: readonly string[]): Promise<string | undefined> {
  let damage: string | undefined
  for (const name of names.filter((each) => TABLE.test(each))) {
    const why = tableDamage(await readFile(join(path, name)))
    if (why === undefined) continue
    damage ??= `table ${name} is damaged: ${why}`
    await mkdir(join(path, 'lost'), { recursive: true })
    await rename(join(path, name), join(path, 'lost', name))
  }
  return damage
}

/** Without its manifest LevelDB would begin anew, and remove all tables as nobody's. */
async function damageOfManifest(path: string, names: readonly string[]): Promise<string | undefined> {
  if (!names.some((name) => DATA.test(name))) return undefined
  if (!names.includes('CURRENT')) return 'CURRENT is missing'
  const current = await readFile(join(path, 'CURRENT'), 'utf8')
  if (!/^MANIFEST-\d+\n$/.test(current)) return 'CURRENT is damaged'
  return names.includes(current.trim()) ? undefined : `${current.trim()} is missing`
}
