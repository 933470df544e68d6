/**
 * One request after another: how long an answer takes.
 */
import { Host } from '../host.js'
import { alternate } from '../rounds.js'
import type { Scenario } from '../scenario.js'
import { ourRoundTrip, type RoundTrip, rawRoundTrip, roundTrips } from '../sockets/round-trips.js'
import { spread, summarize } from '../statistics.js'
import { figure, percent, times } from '../table.js'

const MAIN = new URL('../sockets/round-trip.main.js', import.meta.url)
const WANTED = 1.1

export const roundTrip: Scenario = async ({ rounds, quick }) => {
  const count = quick ? 100 : 3_000
  const start = ({ name }: RoundTrip) => Host.start<{ readonly count: number }>(name, MAIN, [name])
  const orderFor = () => ({ count })
  const results = await alternate(roundTrips, { start, rounds, warmUp: !quick, orderFor })
  const summaries = new Map([...results].map(([name, all]) => [name, summarize(all.map((one) => one.medianUs ?? 0))]))
  const base = summaries.get(rawRoundTrip.name)!.median
  const ratio = summaries.get(ourRoundTrip.name)!.median / base
  return {
    title: 'A request of 64 B and its answer, over tcp between two processes',
    text: `One at a time, ${figure(count)} a round; the median of each round.`,
    tables: [
      {
        head: ['contender', 'us, median', 'shortest', 'spread', `beside ${rawRoundTrip.name}`],
        rows: roundTrips.map(({ name }) => {
          const summary = summaries.get(name)!
          return [
            name,
            figure(summary.median),
            figure(summary.min),
            percent(spread(summary)),
            times(summary.median / base),
          ]
        }),
      },
    ],
    targets: [
      {
        what: `${ourRoundTrip.name}, beside ${rawRoundTrip.name}`,
        wanted: `at most ${WANTED} x`,
        measured: times(ratio),
        met: ratio <= WANTED,
      },
    ],
  }
}
