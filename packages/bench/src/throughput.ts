/**
 * Rounds as tasks a second beside the first peer.
 */
import type { Round } from './host.js'
import type { Target } from './scenario.js'
import { type Summary, spread, summarize } from './statistics.js'
import { figure, percent, type Table, times } from './table.js'

export const rateOf = ({ count, seconds }: Round): number => count / seconds

export function rates(rounds: ReadonlyMap<string, readonly Round[]>): Map<string, Summary> {
  return new Map([...rounds].map(([name, all]) => [name, summarize(all.map(rateOf))]))
}

interface Named {
  readonly name: string
}

/** At least so many times as much as the peer; none where that was left out. */
export function rateTarget(
  { ours, peer, least, what = '' }: { ours: Named; peer: Named; least: number; what?: string },
  summaries: ReadonlyMap<string, Summary>,
): Target[] {
  const theirs = summaries.get(peer.name)
  if (theirs === undefined) return []
  const ratio = summaries.get(ours.name)!.median / theirs.median
  const whole = `${what} beside ${peer.name}`.trimStart()
  return [{ what: whole, wanted: `at least ${least} x`, measured: times(ratio), met: ratio >= least }]
}

/** A row for each contender, with its ratio to the one named `beside`. */
export function rateTable(
  contenders: readonly Named[],
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
