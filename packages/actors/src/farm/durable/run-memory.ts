/**
 * What a journal knows of a run when it is resumed. Of what was taken no more than a bit is held; what was done and not
 * taken is as much as the windows of the run had room for.
 */
import type { ErrorData } from '@troupe/core'
import type { Journal, Ranges, ScannedEntry } from '../journal/journal.js'
import { countOf, indexesOf, mergeRanges } from '../journal/ranges.js'
import { IndexSet } from './index-set.js'
import { decodeOutcomes } from './list-body.js'

/** Inputs that were accepted together, and are recognized together. */
export interface Chunk {
  readonly first: number
  readonly count: number
  readonly hash: string
  readonly place: number
}

/** The outcome of one input as it was written: the output as the wire had it, or the error. */
export type Outcome = { readonly output: unknown } | { readonly error: ErrorData }

export interface RunMemory {
  /** In the order of the inputs, without a gap. */
  readonly chunks: readonly Chunk[]
  readonly accepted: number
  readonly done: number
  readonly failed: number
  readonly taken: IndexSet
  readonly note: string | undefined
  /** The outcomes that were not taken, by index. */
  readonly outcomes: ReadonlyMap<number, Outcome>
}

interface Placed {
  readonly indexes: Ranges
  readonly place: number
}

/** The entries of a run, without their bodies. */
class Entries {
  readonly chunks: Chunk[] = []
  readonly done: Placed[] = []
  readonly failed: Placed[] = []
  readonly taken = new IndexSet()
  note: string | undefined

  add(entry: ScannedEntry): void {
    const { place } = entry
    if (entry.kind === 'accepted') this.chunks.push(chunkOf(entry))
    else if (entry.kind === 'done') this.done.push({ indexes: entry.indexes, place })
    else if (entry.kind === 'failed') this.failed.push({ indexes: [[entry.index, 1]], place })
    else {
      this.taken.addAll(entry.indexes)
      this.note = entry.note ?? this.note
    }
  }
}

/** `keepsFailures`: whether a task that failed has its outcome, and is not run again. */
export async function readRun(journal: Journal, run: string, keepsFailures: boolean): Promise<RunMemory> {
  const entries = new Entries()
  for await (const entry of journal.scan(run)) entries.add(entry)
  const { chunks, done, failed, taken, note } = entries
  const outcomes = new Map<number, Outcome>()
  const read = async (placed: Placed, outcomeOf: (value: unknown) => Outcome) => {
    const indexes = [...indexesOf(placed.indexes)]
    if (indexes.every((index) => taken.has(index))) return
    const values = decodeOutcomes((await journal.read(run, placed.place)) ?? EMPTY)
    for (const [at, index] of indexes.entries()) if (!taken.has(index)) outcomes.set(index, outcomeOf(values[at]))
  }
  if (keepsFailures) for (const one of failed) await read(one, (error) => ({ error: error as ErrorData }))
  // What failed once and was then done is done.
  for (const one of done) await read(one, (output) => ({ output }))
  const last = chunks.at(-1)
  const accepted = last === undefined ? 0 : last.first + last.count
  return { chunks, accepted, done: sizeOf(done), failed: sizeOf(failed), taken, note, outcomes }
}

const chunkOf = ({ first, count, hash, place }: ScannedEntry & { readonly kind: 'accepted' }): Chunk => ({
  ...{ first, count, hash, place },
})

const sizeOf = (all: readonly Placed[]): number => countOf(mergeRanges(all.map(({ indexes }) => indexes)))

/** An empty list. */
const EMPTY = Uint8Array.of(0x90)
