/**
 * Rounds as tasks a second beside the first peer.
 */
import type { Round } from './host.js'
import { type Summary, spread, summarize } from './statistics.js'
import { figure, percent, type Table, times } from './table.js'

export const rateOf = ({ count, seconds }: Round): number => count / seconds

export function rates(rounds: ReadonlyMap<string, readonly Round[]>): Map<string, Summary> {
  return new Map([...rounds].map(([name, all]) => [name, summarize(all.map(rateOf))]))
}

/** A row for each contender, with its ratio to the one named `beside`. */
export function rateTable(
  contenders: readonly { readonly name: string }[],
  summaries: ReadonlyMap<string, Summary>,
  beside: string,
  what = 'tasks',
): Table {
  const base = summaries.get(beside)!.median
  const rows = contenders.map(({ name }) => {
    const summary = summaries.get(name)!
    return [name, figure(summary.median), figure(summary.max), percent(spread(summary)), times(summary.median / base)]
  })
  return { head: ['contender', `${what}/s, median`, 'fastest', 'spread', `beside ${beside}`], rows }
}
