/**
 * Memory of all processes over maps of two lengths.
 */
import type { Contender } from '../contender.js'
import { listPools } from '../contenders/all.js'
import { startWith } from '../contenders/start.js'
import { troupe } from '../contenders/troupe.js'
import { hasProc, MemoryWatch, type PeakMemory } from '../process-tree.js'
import type { Scenario, Section } from '../scenario.js'
import { figure } from '../table.js'

const WANTED_MIB = 300
/** More than this between the lengths is growth, and no noise of the collector. */
const FLAT = 1.25
/** So many only our farm gets: it takes a while. */
const VERY_LONG = 10_000_000

export const memory: Scenario = async ({ workers, quick }) => {
  const lengths: [number, number] = quick ? [2_000, 4_000] : [100_000, 1_000_000]
  const title = `Memory of all processes, map over ${figure(lengths[0])} and ${figure(lengths[1])} no-op tasks`
  if (!hasProc) return { title, text: 'Skipped: it is read from /proc, which only Linux has.', tables: [], targets: [] }
  const rows: string[][] = []
  let ours: PeakMemory[] = []
  for (const contender of quick ? [troupe] : listPools()) {
    const peaks = await peaksOf(contender, workers, lengths)
    if (contender === troupe) ours = peaks
    rows.push([contender.name, ...peaks.flatMap(({ rssMib, pssMib }) => [figure(rssMib), figure(pssMib)])])
  }
  const [veryLong] = quick ? [] : await peaksOf(troupe, workers, [VERY_LONG])
  const head = ['contender, MiB', ...lengths.flatMap((length) => [`RSS, ${figure(length)}`, `PSS, ${figure(length)}`])]
  return {
    title,
    text:
      'The host and its workers, one run of each length in fresh processes, sampled every 50 ms (PSS every 250 ms) from ' +
      `the start of the map.${veryLong === undefined ? '' : ` Our farm's over ${figure(VERY_LONG)}: RSS ${figure(veryLong.rssMib)}, PSS ${figure(veryLong.pssMib)}.`} ` +
      'RSS counts shared pages once for each process, PSS once. Results are counted and dropped.',
    tables: [{ head, rows }],
    targets: targetsOf(ours, veryLong),
  }
}

async function peaksOf(contender: Contender, workers: number, lengths: readonly number[]): Promise<PeakMemory[]> {
  const peaks: PeakMemory[] = []
  for (const count of lengths) {
    await using host = await startWith('noop', workers)(contender)
    const watch = new MemoryWatch(host.pid)
    await host.run({ by: 'map', count })
    peaks.push(watch.stop())
  }
  return peaks
}

function targetsOf([short, long]: readonly PeakMemory[], veryLong: PeakMemory | undefined): Section['targets'] {
  const flat = (what: string, peak: PeakMemory, than: PeakMemory) => ({
    what: `peak RSS, ${what}`,
    wanted: `flat (at most ${FLAT} x)`,
    measured: `${figure(peak.rssMib / than.rssMib)} x`,
    met: peak.rssMib / than.rssMib <= FLAT,
  })
  return [
    {
      what: 'peak memory (PSS) of all processes, long map',
      wanted: `under ${WANTED_MIB} MiB`,
      measured: `${figure(long!.pssMib)} MiB (RSS ${figure(long!.rssMib)})`,
      met: long!.pssMib < WANTED_MIB,
    },
    flat('long map beside short map', long!, short!),
    ...(veryLong === undefined ? [] : [flat(`map over ${figure(VERY_LONG)} beside long map`, veryLong, long!)]),
  ]
}
