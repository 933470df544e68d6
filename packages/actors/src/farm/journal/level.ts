/**
 * LevelDB, by its binding classic-level, which is loaded when the first journal is claimed.
 */
import type { ClassicLevel } from 'classic-level'
import { JournalFailedError } from './journal-errors.js'

export type Level = ClassicLevel<Buffer, Buffer>

/**
 * Tables without compression can be checked from outside (see table-check.ts), and bodies are small binary values already.
 * The write buffer is what becomes one table: the larger, the less is written again.
 */
const OPTIONS = {
  keyEncoding: 'buffer',
  valueEncoding: 'buffer',
  compression: false,
  writeBufferSize: 16 * 1024 * 1024,
  passive: true,
} as const

/** Opens a LevelDB, which begins one where there is none. Rejects with the binding's error; its code says why. */
export async function openLevel(path: string): Promise<Level> {
  const { ClassicLevel: Opened } = await load()
  const level: Level = new Opened(path, OPTIONS)
  try {
    await level.open({ passive: false })
    return level
  } catch (error) {
    await level.close()
    throw (error as Error).cause ?? error
  }
}

/** Makes of the files what can be made of them. Whoever calls it has the lock: LevelDB does not ask for it here. */
export async function repairLevel(path: string): Promise<void> {
  const { ClassicLevel: Repaired } = await load()
  await Repaired.repair(path)
}

export const levelCode = (error: unknown): string | undefined => (error as { code?: string } | null)?.code

async function load() {
  try {
    return await import('classic-level')
  } catch (cause) {
    throw new JournalFailedError('classic-level', `cannot be loaded: ${(cause as Error).message}`, cause)
  }
}
