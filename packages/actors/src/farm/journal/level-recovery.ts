/**
 * Reads a whole journal once, when it is claimed, and drops from each run what is damaged and what came after.
 */
import { ChainCheck } from './chain-check.js'
import { ENTRIES, entryRange, isHeader, placeOf, RUNS, runOf, unsealed } from './entry-record.js'
import type { RunIdentity } from './journal.js'
import type { Tail } from './journal-folder.js'
import type { Level } from './level.js'

const READ_AT_ONCE = { count: 1_000, highWaterMarkBytes: 1024 * 1024 }

export interface StoredRun {
  readonly number: number
  readonly identity: RunIdentity
  nextPlace: number
}

export interface Recovered {
  readonly runs: readonly StoredRun[]
  /** What the next run may be called. */
  readonly nextNumber: number
  readonly entriesLost: number
  readonly why: string | undefined
}

/** `tail` is how far the runs went at least. */
export async function recover(level: Level, tail: Tail): Promise<Recovered> {
  const identities = await readIdentities(level)
  const checks = await readEntries(level)
  const numbers = [...new Set([...identities.keys(), ...checks.keys(), ...tail.keys()])].sort((a, b) => a - b)
  const runs: StoredRun[] = []
  let entriesLost = 0
  let why: string | undefined
  for (const number of numbers) {
    const identity = identities.get(number)
    const check = checks.get(number) ?? new ChainCheck()
    check.end()
    const whole = identity === undefined ? -1 : check.whole
    const lost = Math.max(check.seen, (tail.get(number) ?? 0) - 1) - whole
    if (identity === undefined) why ??= `what run ${number} is cannot be read`
    else runs.push({ number, identity, nextPlace: whole + 1 })
    if (lost === 0) continue
    why ??= check.why ?? 'its last entries are missing'
    entriesLost += lost
    await level.clear(entryRange(number, whole + 1))
  }
  return { runs, nextNumber: (numbers.at(-1) ?? -1) + 1, entriesLost, why }
}

/** What the runs are, by number; undefined for those whose record is damaged. */
async function readIdentities(level: Level): Promise<Map<number, RunIdentity | undefined>> {
  const identities = new Map<number, RunIdentity | undefined>()
  for await (const [key, record] of level.iterator({ gte: Buffer.of(RUNS), lt: Buffer.of(ENTRIES) })) {
    const value = unsealed(key, record)
    if (value === undefined) await level.del(key)
    identities.set(runOf(key), value === undefined ? undefined : JSON.parse(value.toString()))
  }
  return identities
}

async function readEntries(level: Level): Promise<Map<number, ChainCheck>> {
  const checks = new Map<number, ChainCheck>()
  const { count, highWaterMarkBytes } = READ_AT_ONCE
  const iterator = level.iterator({ gte: Buffer.of(ENTRIES), highWaterMarkBytes })
  try {
    for (let read = await iterator.nextv(count); read.length > 0; read = await iterator.nextv(count)) {
      for (const [key, record] of read) {
        const number = runOf(key)
        const check = checks.get(number) ?? new ChainCheck()
        checks.set(number, check)
        if (isHeader(key)) check.header(key, placeOf(key), record)
        else check.body(placeOf(key), record)
      }
    }
  } finally {
    await iterator.close()
  }
  return checks
}
