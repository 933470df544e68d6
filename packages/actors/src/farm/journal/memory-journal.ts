/**
 * A journal in the memory of the process, for tests and simulations.
 */
import { ClosedError } from '@troupe/core'
import { compacted } from './compaction.js'
import type { Journal, JournalEntry, JournalReport, Ranges, RunIdentity, ScannedEntry } from './journal.js'
import { assertSameRun, JournalFailedError, JournalInUseError } from './journal-errors.js'

interface HeldRun {
  readonly identity: RunIdentity
  /** Grows; replaced, never shortened, so that a scan that is under way goes on. */
  entries: ScannedEntry[]
  readonly bodies: Map<number, Uint8Array>
  nextPlace: number
}

const NAME = 'the journal in memory'

/**
 * Holds its runs as long as it lives itself: `close` gives it back, and whoever claims it next finds them.
 */
export class MemoryJournal implements Journal {
  readonly #runs = new Map<string, HeldRun>()
  readonly #opened = new Set<string>()
  #isClaimed = false
  #isNew = true

  async claim(): Promise<JournalReport> {
    if (this.#isClaimed) throw new JournalInUseError(NAME, 'this process')
    const isNew = this.#isNew
    this.#isClaimed = true
    this.#isNew = false
    return { isNew }
  }

  async open(identity: RunIdentity): Promise<{ readonly isNew: boolean }> {
    this.#assertClaimed()
    const held = this.#runs.get(identity.name)
    if (held !== undefined) assertSameRun(held.identity, identity)
    else this.#runs.set(identity.name, { identity: { ...identity }, entries: [], bodies: new Map(), nextPlace: 0 })
    this.#opened.add(identity.name)
    return { isNew: held === undefined }
  }

  async runs(): Promise<readonly RunIdentity[]> {
    this.#assertClaimed()
    return [...this.#runs.values()].map(({ identity }) => identity)
  }

  async append(run: string, entries: readonly JournalEntry[]): Promise<void> {
    const held = this.#run(run)
    for (const entry of entries) held.entries.push(placed(held, entry))
  }

  acknowledge(run: string, indexes: Ranges, note?: string): Promise<void> {
    return this.append(run, [note === undefined ? { kind: 'taken', indexes } : { kind: 'taken', indexes, note }])
  }

  async *scan(run: string): AsyncIterable<ScannedEntry> {
    const { entries } = this.#run(run)
    const { length } = entries
    for (let at = 0; at < length; at++) yield entries[at]!
  }

  async read(run: string, place: number): Promise<Uint8Array | undefined> {
    return this.#run(run).bodies.get(place)?.slice()
  }

  async compact(run: string): Promise<void> {
    const held = this.#run(run)
    const left = compacted(held.entries.map((entry) => ({ entry, hasBody: held.bodies.has(entry.place) })))
    const withBody = new Set(left.filter(({ hasBody }) => hasBody).map(({ entry }) => entry.place))
    for (const place of held.bodies.keys()) if (!withBody.has(place)) held.bodies.delete(place)
    held.entries = left.map(({ entry }) => entry)
  }

  async close(): Promise<void> {
    this.#isClaimed = false
    this.#opened.clear()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #run(name: string): HeldRun {
    this.#assertClaimed()
    const held = this.#opened.has(name) ? this.#runs.get(name) : undefined
    if (held === undefined) throw new JournalFailedError(NAME, `its run "${name}" is not open`)
    return held
  }

  #assertClaimed(): void {
    if (!this.#isClaimed) throw new ClosedError(NAME)
  }
}

/** Gives the entry its place, and keeps its body, which is copied. */
function placed(held: HeldRun, entry: JournalEntry): ScannedEntry {
  const place = held.nextPlace++
  if (entry.kind === 'taken') return { ...entry, place }
  const { body, ...header } = entry
  held.bodies.set(place, body.slice())
  return { ...header, place }
}
