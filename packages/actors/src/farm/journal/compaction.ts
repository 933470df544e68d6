/**
 * What of a run is still needed: the rule of compaction, without the store.
 */
import type { DoneEntry, FailedEntry, Ranges, ScannedEntry, TakenEntry } from './journal.js'
import { covers, mergeRanges } from './ranges.js'

/** An entry as a store has it. */
export interface HeldEntry {
  readonly entry: ScannedEntry
  readonly hasBody: boolean
}

/**
 * The entries that are left, in order. What is merged stands at the place of its last: so an outcome still comes after its
 * input, and its taking after it.
 */
export function compacted(held: readonly HeldEntry[]): HeldEntry[] {
  const outcomes = mergeRanges(held.map(({ entry }) => outcomesOf(entry)))
  const taken = mergeRanges(held.map(({ entry }) => (entry.kind === 'taken' ? entry.indexes : [])))
  const isForgotten = ({ entry }: HeldEntry) => entry.kind === 'done' && covers(taken, entry.indexes)
  const kept = held
    .filter((one) => one.entry.kind !== 'taken' && !isForgotten(one))
    .map((one) => ({ ...one, hasBody: one.hasBody && isNeeded(one.entry, outcomes, taken) }))
  const merged = [mergedDone(held.filter(isForgotten)), mergedTaken(held, taken)]
  return [...kept, ...merged.filter((one) => one !== undefined)].sort((a, b) => a.entry.place - b.entry.place)
}

function outcomesOf(entry: ScannedEntry): Ranges {
  if (entry.kind === 'done') return entry.indexes
  return entry.kind === 'failed' ? indexOf(entry) : []
}

const indexOf = ({ index }: FailedEntry): Ranges => [[index, 1]]

function isNeeded(entry: ScannedEntry, outcomes: Ranges, taken: Ranges): boolean {
  if (entry.kind === 'accepted') return !covers(outcomes, [[entry.first, entry.count]])
  return entry.kind === 'failed' ? !covers(taken, indexOf(entry)) : true
}

function mergedDone(forgotten: readonly HeldEntry[]): HeldEntry | undefined {
  const last = forgotten.at(-1)
  if (last === undefined) return undefined
  const indexes = mergeRanges(forgotten.map(({ entry }) => (entry as DoneEntry).indexes))
  return { entry: { kind: 'done', indexes, place: last.entry.place }, hasBody: false }
}

function mergedTaken(held: readonly HeldEntry[], indexes: Ranges): HeldEntry | undefined {
  const takings = held.map(({ entry }) => entry).filter((entry) => entry.kind === 'taken')
  const last = takings.at(-1)
  if (last === undefined) return undefined
  const entry: TakenEntry & { readonly place: number } = { kind: 'taken', indexes, place: last.place }
  const note = takings.findLast((taking) => taking.note !== undefined)?.note
  return { entry: note === undefined ? entry : { ...entry, note }, hasBody: false }
}
