/**
 * A journal in a folder, on LevelDB.
 */
import { crc32 } from 'node:zlib'
import { ClosedError, parseOptions, TroupeError } from '@troupe/core'
import { BODY, entryKey, entryRange, HEADER, type HeaderRecord, isHeader, readHeader } from './entry-record.js'
import { GroupedWrites } from './grouped-writes.js'
import type { Journal, JournalEntry, JournalReport, Ranges, RunIdentity, ScannedEntry } from './journal.js'
import {
  assertSameRun,
  claimFailure,
  JournalFailedError,
  JournalInUseError,
  JournalUnreadableError,
} from './journal-errors.js'
import { JournalFolder } from './journal-folder.js'
import type { Level } from './level.js'
import { rewriteOf } from './level-compaction.js'
import { LevelJournalOptions } from './level-journal.options.js'
import { entryOperations, headerOperation, identityOperation, type Operation } from './level-operations.js'
import { recover, type StoredRun } from './level-recovery.js'
import { openStore } from './level-store.js'

/** Headers that are read at once. */
const READ_AT_ONCE = 1_000

/** A run of a claimed journal. */
interface LevelRun extends StoredRun {
  isOpen: boolean
  /** Ends with the compaction that is under way. */
  compaction: Promise<void>
}

interface Claimed {
  readonly lock: Level
  readonly level: Level
  readonly writes: GroupedWrites<Operation>
  readonly runs: Map<string, LevelRun>
  nextNumber: number
}

/**
 * Keeps its runs in a folder of its own, of which it is the only user as long as it is claimed.
 *
 * What `append` has resolved outlives a kill -9 of the process and, with `sync`, a power cut. After a write that failed it
 * takes no other until it is claimed anew.
 * @example
 * await using journal = new LevelJournal({ path: 'digests.journal' })
 * await journal.claim()
 */
export class LevelJournal implements Journal {
  readonly path: string
  readonly #folder: JournalFolder
  readonly #sync: boolean
  readonly #create: boolean
  #claim: Promise<unknown> | undefined
  #claimed: Claimed | undefined
  #closing: Promise<void> | undefined

  constructor(options: LevelJournalOptions) {
    const { path, sync, create } = parseOptions(LevelJournalOptions, options, 'LevelJournal')
    this.path = path
    this.#folder = new JournalFolder(path)
    this.#sync = sync
    this.#create = create
  }

  async claim(): Promise<JournalReport> {
    if (this.#claim !== undefined) throw new JournalInUseError(this.path, `process ${process.pid}, by this very object`)
    const claim = this.#take()
    this.#claim = claim
    try {
      return await claim
    } catch (error) {
      this.#claim = undefined
      throw error
    }
  }

  async open(identity: RunIdentity): Promise<{ readonly isNew: boolean }> {
    const { runs, writes } = this.#assertClaimed()
    const held = runs.get(identity.name)
    if (held !== undefined) assertSameRun(held.identity, identity)
    const run = held ?? this.#begin(identity)
    // It is open for those who wait for it, also if another began it just now.
    await this.#failing(held === undefined ? writes.add([identityOperation(run)]) : writes.settled())
    run.isOpen = true
    return { isNew: held === undefined }
  }

  async runs(): Promise<readonly RunIdentity[]> {
    return [...this.#assertClaimed().runs.values()].map(({ identity }) => identity)
  }

  async append(run: string, entries: readonly JournalEntry[]): Promise<void> {
    const held = this.#run(run)
    const { writes } = this.#assertClaimed()
    if (entries.length === 0) return
    await this.#failing(writes.add(entries.flatMap((entry) => entryOperations(held, entry))))
  }

  acknowledge(run: string, indexes: Ranges, note?: string): Promise<void> {
    return this.append(run, [note === undefined ? { kind: 'taken', indexes } : { kind: 'taken', indexes, note }])
  }

  async *scan(run: string): AsyncIterable<ScannedEntry> {
    for await (const { entry } of this.#headers(this.#run(run).number)) yield entry
  }

  async read(run: string, place: number): Promise<Uint8Array | undefined> {
    const { number } = this.#run(run)
    const { level } = this.#assertClaimed()
    const key = entryKey(number, place, HEADER)
    const [record, body] = await this.#reading(level.getMany([key, entryKey(number, place, BODY)]))
    if (record === undefined || body === undefined) return undefined
    if (readHeader(key, record)?.bodySum === crc32(body)) return body
    throw new JournalUnreadableError(this.path, `entry ${place} of run "${run}" is damaged`)
  }

  async compact(run: string): Promise<void> {
    const held = this.#run(run)
    const compaction = held.compaction.then(() => this.#compact(held.number))
    held.compaction = compaction.catch(() => undefined)
    await this.#failing(compaction)
  }

  close(): Promise<void> {
    this.#closing ??= this.#closeAfterClaim()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #closeAfterClaim(): Promise<void> {
    try {
      await this.#claim?.catch(() => undefined)
      const claimed = this.#claimed
      this.#claimed = undefined
      if (claimed !== undefined) await this.#giveFree(claimed)
    } finally {
      this.#closing = undefined
    }
  }

  async #giveFree({ lock, level, writes, runs }: Claimed): Promise<void> {
    try {
      await Promise.all([...runs.values()].map(({ compaction }) => compaction))
      await writes.settled()
      await level.close()
      // Of a journal that cannot be written this may fail too: then it is missed by nobody.
      if (!writes.hasFailed) {
        await this.#folder
          .writeTail(new Map([...runs.values()].map((run) => [run.number, run.nextPlace])))
          .catch(() => {})
      }
    } finally {
      await lock.close()
      this.#claim = undefined
    }
  }

  async #take(): Promise<JournalReport> {
    const { isNew } = await this.#folder.prepare(this.#create)
    const lock = await this.#folder.lock()
    let level: Level | undefined
    try {
      const store = await openStore(this.#folder.store)
      level = store.level
      const found = await recover(level, await this.#folder.readTail())
      const why = store.damage ?? found.why
      if (why !== undefined) await this.#folder.forgetTail()
      this.#claimed = this.#holding(lock, level, found)
      return why === undefined ? { isNew } : { isNew, damage: { entriesLost: found.entriesLost, why } }
    } catch (error) {
      await level?.close()
      await lock.close()
      throw claimFailure(this.path, error)
    }
  }

  #holding(lock: Level, level: Level, found: Awaited<ReturnType<typeof recover>>): Claimed {
    const writes = new GroupedWrites<Operation>((operations) => level.batch(operations, { sync: this.#sync }))
    const runs = found.runs.map((run) => ({ ...run, isOpen: false, compaction: Promise.resolve() }))
    const byName = new Map(runs.map((run) => [run.identity.name, run]))
    return { lock, level, writes, runs: byName, nextNumber: found.nextNumber }
  }

  #begin({ name, task, version, schema }: RunIdentity): LevelRun {
    const claimed = this.#assertClaimed()
    const identity = version === undefined ? { name, task, schema } : { name, task, version, schema }
    const number = claimed.nextNumber++
    const run = { number, identity, nextPlace: 0, isOpen: false, compaction: Promise.resolve() }
    claimed.runs.set(name, run)
    return run
  }

  async #compact(run: number): Promise<void> {
    const { level, writes } = this.#assertClaimed()
    const headers: HeaderRecord[] = []
    for await (const header of this.#headers(run)) headers.push(header)
    const rewrite = rewriteOf(headers)
    const removed = [
      ...rewrite.headersDropped.map((place) => entryKey(run, place, HEADER)),
      ...rewrite.bodiesDropped.map((place) => entryKey(run, place, BODY)),
    ]
    if (removed.length === 0) return
    const { gte, lt } = entryRange(run)
    // What is still in memory goes to a table of its own first: together with its removal it would be written as it is.
    await level.compactRange(gte, gte)
    await writes.add([
      ...rewrite.headers.map((header) => headerOperation(run, header)),
      ...removed.map((key): Operation => ({ type: 'del', key })),
    ])
    await level.compactRange(gte, lt)
  }

  /** In order, as they were when it began. Bodies stand between them, of which only the keys are read. */
  async *#headers(run: number): AsyncGenerator<HeaderRecord> {
    const { level } = this.#assertClaimed()
    const snapshot = level.snapshot()
    const keys = level.keys({ ...entryRange(run), snapshot })
    try {
      for (;;) {
        const read = await this.#reading(keys.nextv(READ_AT_ONCE))
        if (read.length === 0) return
        const headers = read.filter(isHeader)
        const records = await this.#reading(level.getMany(headers, { snapshot }))
        for (const [index, key] of headers.entries()) yield this.#header(key, records[index])
      }
    } finally {
      await keys.close()
      await snapshot.close()
    }
  }

  #header(key: Buffer, record: Buffer | undefined): HeaderRecord {
    const header = record === undefined ? undefined : readHeader(key, record)
    if (header === undefined) throw new JournalUnreadableError(this.path, 'it was damaged after it was claimed')
    return header
  }

  #run(name: string): LevelRun {
    const run = this.#assertClaimed().runs.get(name)
    if (run?.isOpen !== true) throw new JournalFailedError(this.path, `its run "${name}" is not open`)
    return run
  }

  #assertClaimed(): Claimed {
    if (this.#claimed === undefined) throw new ClosedError(`the journal ${this.path}`)
    return this.#claimed
  }

  async #reading<Value>(work: Promise<Value>): Promise<Value> {
    try {
      return await work
    } catch (cause) {
      // Closed while it was read: the store is gone.
      this.#assertClaimed()
      throw new JournalUnreadableError(this.path, (cause as Error).message, cause)
    }
  }

  async #failing(work: Promise<void>): Promise<void> {
    try {
      await work
    } catch (cause) {
      if (cause instanceof TroupeError) throw cause
      throw new JournalFailedError(this.path, `cannot be written: ${(cause as Error).message}`, cause)
    }
  }
}
