/**
 * Contenders by how long they take.
 */
import { type Summary, spread } from './statistics.js'
import { figure, percent, type Table, times } from './table.js'

/** A row for each contender that was measured, with its ratio to the first of them. */
export function timeTable(
  contenders: readonly { readonly name: string }[],
  summaries: ReadonlyMap<string, Summary>,
  what: string,
): Table {
  const measured = contenders.flatMap(({ name }) => {
    const summary = summaries.get(name)
    return summary === undefined ? [] : [{ name, summary }]
  })
  const [first] = measured
  const rows = measured.map(({ name, summary }) => [
    name,
    figure(summary.median),
    figure(summary.min),
    percent(spread(summary)),
    times(summary.median / first!.summary.median),
  ])
  return { head: ['contender', what, 'shortest', 'spread', `beside ${first?.name ?? 'nobody'}`], rows }
}
