/**
 * What a run of a journal comes to, in numbers.
 */
import type { Journal, Ranges } from './journal.js'
import { countOf, mergeRanges } from './ranges.js'

/** How many inputs of a run were accepted, and what became of them. */
export interface RunSummary {
  readonly accepted: number
  readonly done: number
  readonly failed: number
  readonly taken: number
  /** The last one of the taker. */
  readonly note?: string | undefined
}

/** Counts the inputs of a run, which must be open. One that is in the journal twice counts once. */
export async function summarizeRun(journal: Journal, run: string): Promise<RunSummary> {
  const indexes = { accepted: [] as Ranges[], done: [] as Ranges[], failed: [] as Ranges[], taken: [] as Ranges[] }
  let note: string | undefined
  for await (const entry of journal.scan(run)) {
    if (entry.kind === 'accepted') indexes.accepted.push([[entry.first, entry.count]])
    else indexes[entry.kind].push(entry.kind === 'failed' ? [[entry.index, 1]] : entry.indexes)
    if (entry.kind === 'taken') note = entry.note ?? note
  }
  const count = (all: readonly Ranges[]) => countOf(mergeRanges(all))
  return {
    accepted: count(indexes.accepted),
    done: count(indexes.done),
    failed: count(indexes.failed),
    taken: count(indexes.taken),
    ...(note !== undefined && { note }),
  }
}
