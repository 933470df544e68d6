/**
 * What a compaction writes and removes, from the headers of a run.
 */
import { compacted } from './compaction.js'
import type { HeaderRecord } from './entry-record.js'

export interface Rewrite {
  readonly headers: readonly HeaderRecord[]
  readonly headersDropped: readonly number[]
  readonly bodiesDropped: readonly number[]
}

/** Each header names the one before it: so one that follows what was dropped is written anew. */
export function rewriteOf(headers: readonly HeaderRecord[]): Rewrite {
  const before = new Map(headers.map((header) => [header.entry.place, header]))
  const left = compacted(headers.map(({ entry, bodySum }) => ({ entry, hasBody: bodySum !== null })))
  const written: HeaderRecord[] = []
  const bodies = new Set<number>()
  let previous = -1
  for (const { entry, hasBody } of left) {
    const old = before.get(entry.place)!
    const bodySum = hasBody ? old.bodySum : null
    if (entry !== old.entry || bodySum !== old.bodySum || previous !== old.previous) {
      written.push({ entry, bodySum, previous })
    }
    if (hasBody) bodies.add(entry.place)
    previous = entry.place
  }
  const places = new Set(left.map(({ entry }) => entry.place))
  const hadBody = headers.filter(({ bodySum }) => bodySum !== null)
  return {
    headers: written,
    headersDropped: headers.map(({ entry }) => entry.place).filter((place) => !places.has(place)),
    bodiesDropped: hadBody.map(({ entry }) => entry.place).filter((place) => !bodies.has(place)),
  }
}
