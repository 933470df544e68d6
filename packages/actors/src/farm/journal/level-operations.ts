/**
 * What a journal on LevelDB writes, as operations of a batch.
 */
import { crc32 } from 'node:zlib'
import type { BatchOperation } from 'classic-level'
import { asBuffer } from '../parts.js'
import { BODY, bodyOf, entryKey, HEADER, type HeaderRecord, headerRecord, runKey, sealed } from './entry-record.js'
import type { JournalEntry, ScannedEntry } from './journal.js'
import type { Level } from './level.js'
import type { StoredRun } from './level-recovery.js'

export type Operation = BatchOperation<Level, Buffer, Buffer>

export function identityOperation({ number, identity }: StoredRun): Operation {
  const key = runKey(number)
  return { type: 'put', key, value: sealed(key, Buffer.from(JSON.stringify(identity))) }
}

/** Gives the entry its place: that of operations is their order. */
export function entryOperations(run: StoredRun, appended: JournalEntry): Operation[] {
  const place = run.nextPlace++
  const body = bodyOf(appended)
  const entry: ScannedEntry = { ...appended, place }
  const header = headerOperation(run.number, {
    entry,
    bodySum: body === undefined ? null : crc32(body),
    previous: place - 1,
  })
  if (body === undefined) return [header]
  return [header, { type: 'put', key: entryKey(run.number, place, BODY), value: asBuffer(body) }]
}

export function headerOperation(run: number, header: HeaderRecord): Operation {
  const key = entryKey(run, header.entry.place, HEADER)
  return { type: 'put', key, value: headerRecord(key, header) }
}
