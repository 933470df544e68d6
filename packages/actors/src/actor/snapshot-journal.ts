/**
 * Where the snapshots of machines are kept between their incarnations.
 */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { errorData, TroupeError } from '@troupe/core'
import { z } from 'zod'

/** Keeps the last snapshot of each key. Calls for one key do not overlap. */
export interface SnapshotJournal {
  /** The snapshot that was saved last; undefined if there is none. @throws what cannot be read */
  load(key: string): Promise<unknown>
  /** Resolves when it is safe. */
  save(key: string, snapshot: unknown): Promise<void>
  /** Forgets the snapshot of a key; one that is not there is no error. */
  remove(key: string): Promise<void>
}

/** What is raised when a snapshot cannot be read, or does not fit, in the words of the policy. */
export const SNAPSHOT_POLICIES = ['fail', 'discard'] as const

const isJournal = (value: unknown): value is SnapshotJournal => {
  const { load, save, remove } = (value ?? {}) as Partial<SnapshotJournal>
  return [load, save, remove].every((method) => typeof method === 'function')
}
const journal = z.custom<SnapshotJournal>(
  isJournal,
  'must be a journal: fileJournal(folder), memoryJournal(), or yours',
)

export const PersistOption = z.union([
  journal.transform((it) => ({ journal: it, key: undefined, onRefused: 'fail' as const })),
  z.strictObject({
    journal,
    /** What its snapshots are called there. Default: its path in its tree, or its name. */
    key: z.string().min(1).optional(),
    /** What becomes of its start when the snapshot does not fit: it fails, or the snapshot is discarded and it starts from scratch. */
    onRefused: z.enum(SNAPSHOT_POLICIES).default('fail'),
  }),
])

/** Snapshots in memory: they outlive an actor and its process, and end with this one. */
export function memoryJournal(): SnapshotJournal {
  const kept = new Map<string, string>()
  return {
    load: async (key) => {
      const text = kept.get(key)
      return text === undefined ? undefined : JSON.parse(text)
    },
    save: async (key, snapshot) => void kept.set(key, JSON.stringify(snapshot)),
    remove: async (key) => void kept.delete(key),
  }
}

/**
 * Snapshots as files of JSON in a folder, one for each key, each replaced as a whole: a process that is killed leaves the last one
 * or the one before. The folder is made when it is needed. (What the system has not written when the machine itself loses power
 * may be lost.)
 */
export function fileJournal(folder: string): SnapshotJournal {
  const fileOf = (key: string) => join(folder, `${encodeURIComponent(key)}.json`)
  return {
    load: async (key) => {
      const text = await readFile(fileOf(key), 'utf8').catch(noFile)
      if (text === undefined) return undefined
      try {
        return JSON.parse(text)
      } catch (cause) {
        const why = `the snapshot in ${fileOf(key)} cannot be read: ${errorData(cause).message}`
        throw new TroupeError('SNAPSHOT_REFUSED', why, { cause })
      }
    },
    save: async (key, snapshot) => {
      const written = `${fileOf(key)}.${process.pid}.new`
      const write = () => writeFile(written, JSON.stringify(snapshot))
      await write().catch(async (error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error
        await mkdir(folder, { recursive: true })
        await write()
      })
      await rename(written, fileOf(key))
    },
    remove: (key) => rm(fileOf(key), { force: true }),
  }
}

function noFile(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}
