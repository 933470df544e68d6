/**
 * How far a run is, as numbers and as text. The words for people are made here and nowhere else.
 */

import type { Resumed } from '@troupe/actors/farm'

/** How far a run is. */
export interface Tally {
  readonly done: number
  readonly failed: number
  readonly elapsedMs: number
  /** How much of the input is done with, from 0 to 1, where its size is known. */
  readonly share: number | undefined
  /** What of all that a former run had done. */
  readonly before?: { readonly count: number; readonly share: number }
  /** Workers that were replaced. */
  readonly restarts: number
  /** Tasks that were sent to another worker because theirs was lost. */
  readonly redelivered: number
}

/** `1,234 done, 5 failed, 617/s, 2 restarts`, with the time that is left where it can be told. */
export function progressText(tally: Tally): string {
  const leftMs = timeLeftMs(tally)
  return [
    `${count(tally.done)} done`,
    tally.failed > 0 && `${count(tally.failed)} failed`,
    rateText(tally),
    leftMs !== undefined && `${durationText(leftMs)} left`,
    tally.restarts > 0 && counted(tally.restarts, 'restart'),
  ]
    .filter((part) => part !== false)
    .join(', ')
}

/** The last line of a run. */
export function reportText(tally: Tally): string {
  return [
    `${count(tally.done)} done, ${count(tally.failed)} failed in ${(tally.elapsedMs / 1000).toFixed(1)} s (${rateText(tally)})`,
    counted(tally.restarts, 'restart'),
    `${count(tally.redelivered)} redelivered`,
  ].join(', ')
}

/** What a journal held when its run is gone on with. */
export function resumedText({ accepted, done, failed, damage }: Resumed): string {
  const known = `going on: of ${count(accepted)} that were begun ${count(done)} are done, ${count(failed)} failed`
  if (damage === undefined) return known
  return `${known}; the journal is damaged (${damage.why}), ${counted(damage.entriesLost, 'entry', 'entries')} of it lost`
}

function timeLeftMs({ share, elapsedMs, before }: Tally): number | undefined {
  const own = (share ?? 0) - (before?.share ?? 0)
  return share === undefined || own <= 0 ? undefined : (elapsedMs * (1 - share)) / own
}

function rateText({ done, failed, elapsedMs, before }: Tally): string {
  const rate = (done + failed - (before?.count ?? 0)) / Math.max(elapsedMs / 1000, 0.001)
  return `${rate < 10 ? rate.toFixed(1) : count(Math.round(rate))}/s`
}

/** `45 s`, `3 min 20 s`, `2 h 5 min` */
export function durationText(ms: number): string {
  const seconds = Math.ceil(ms / 1000)
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`
}

export const count = (value: number): string => value.toLocaleString('en-US')
export const counted = (value: number, noun: string, nouns = `${noun}s`): string =>
  `${count(value)} ${value === 1 ? noun : nouns}`
