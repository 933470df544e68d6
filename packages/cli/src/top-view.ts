/**
 * What `troupe top` shows of a snapshot, as lines of text.
 */
import type { FarmSnapshot } from '@troupe/actors/inspect'
import type { Size } from './screen.js'
import type { Snapshot } from './sight.js'
import { count, counted, durationText } from './tally.js'

type Of<Kind extends Snapshot['kind']> = Extract<Snapshot, { readonly kind: Kind }>
type Worker = FarmSnapshot['workers'][number]

/** The lines of a snapshot. Where they are more than there is room for, those of workers are left out. */
export const linesOf = (snapshot: Snapshot, size?: Size): string[] =>
  (snapshot.kind === 'farm' ? farmLines(snapshot, size?.rows) : serviceLines(snapshot)).map(printable)

function farmLines(farm: Of<'farm'>, rows = Number.POSITIVE_INFINITY): string[] {
  const { endpoint, state, paused, draining, workers, workerStates: states } = farm
  const how = [state, paused && 'paused', draining && 'draining'].filter((word) => word !== false).join(', ')
  const head = [
    `farm at ${endpoint}: ${how}`,
    '',
    `tasks     ${told(farm, 'pending', 'held', 'done', 'failed', 'cancelled')}, ${rateText(farm.tasksPerSecond)}`,
    `          ${told(farm, 'dispatched', 'retried', 'redelivered', 'speculated')}`,
    `workers   ${told(states, 'starting', 'idle', 'working', 'leaving')}`,
    `          ${counted(farm.restarts, 'restart')}, ${count(farm.recycled)} recycled`,
    '',
    ...table([
      ['time', '>p50', '>p99', '>max', '>count'],
      ['run', ...timesRow(farm.runTime)],
      ['queue', ...timesRow(farm.queueTime)],
    ]),
  ]
  if (workers.length === 0) return head
  const room = Math.max(0, rows - head.length - 2)
  // The busiest first, for they tell the most where not all can be shown.
  const shown =
    workers.length <= room ? workers : workers.toSorted((a, b) => b.held - a.held).slice(0, Math.max(0, room - 1))
  const more = workers.length - shown.length
  return [...head, '', ...workerTable(shown), ...(more > 0 ? [`and ${count(more)} more`] : [])]
}

function serviceLines(service: Of<'service'>): string[] {
  const { endpoint, service: name, version, status, uptimeMs, workers, callsPerSecond, procedures } = service
  const ended = service.done === undefined ? [] : [told(service, 'done', 'failed', 'cancelled', 'overloaded')]
  const rate = callsPerSecond === undefined ? [] : [rateText(callsPerSecond)]
  return [
    `service ${name}${version === null ? '' : ` ${version}`} at ${endpoint}: ${status}, for ${durationText(uptimeMs)}`,
    '',
    `calls     ${[told(service, 'running', 'queued'), ...ended, ...rate].join(', ')}`,
    `clients   ${count(service.sessions)}`,
    ...(workers === undefined || workers === 0 ? [] : [`workers   ${count(workers)}`]),
    `offers    ${procedures.join(', ')}`,
  ]
}

const workerTable = (workers: readonly Worker[]): string[] =>
  table([
    ['worker', 'state', '>pid', '>held', '>done', '>failed', '>memory', 'tags'],
    ...workers.map(({ id, state, pid, held, done, failed, memoryMiB, tags }) => [
      ...[id, state, `>${pid ?? '-'}`, `>${count(held)}`, `>${count(done)}`, `>${count(failed)}`],
      ...[`>${memoryMiB === undefined ? '-' : `${Math.round(memoryMiB)} MiB`}`, tags.join(' ')],
    ]),
  ])

/** Columns side by side. A cell that begins with `>` stands at the right of its column. */
function table(rows: readonly (readonly string[])[]): string[] {
  const text = (cell: string) => cell.replace(/^>/, '')
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => text(row[column]!).length)))
  const padded = (cell: string, width: number) =>
    cell.startsWith('>') ? text(cell).padStart(width) : cell.padEnd(width)
  return rows.map((row) =>
    row
      .map((cell, column) => padded(cell, Math.max(8, widths[column]!)))
      .join('  ')
      .trimEnd(),
  )
}

const timesRow = ({ p50Ms, p99Ms, maxMs, count: times }: FarmSnapshot['runTime']): string[] => [
  ...[p50Ms, p99Ms, maxMs].map((ms) => `>${timeText(ms)}`),
  `>${count(times)}`,
]

function timeText(ms: number | undefined): string {
  if (ms === undefined) return '-'
  if (ms < 1) return `${threeDigits(ms * 1_000)} us`
  if (ms < 1_000) return `${threeDigits(ms)} ms`
  return ms < 60_000 ? `${threeDigits(ms / 1_000)} s` : durationText(ms)
}

const threeDigits = (value: number): string =>
  value.toLocaleString('en-US', { maximumSignificantDigits: 3, useGrouping: false })

const rateText = (perSecond: number): string =>
  `${perSecond < 10 ? perSecond.toFixed(1) : count(Math.round(perSecond))}/s`

/** `3 pending, 12 held` */
const told = <Key extends string>(counts: Readonly<Partial<Record<Key, number | undefined>>>, ...keys: Key[]): string =>
  keys.map((key) => `${count(counts[key] ?? 0)} ${key}`).join(', ')

/** Names are anybody's text: they are not to play tricks on a terminal. */
const printable = (line: string): string => line.replaceAll(/\p{C}/gu, '?')
