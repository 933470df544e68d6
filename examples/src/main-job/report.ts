/**
 * The table that the main job ends with.
 */
import type { FarmStats } from '@troupe/actors/farm'
import type { Findings } from './verify.js'

export interface Run {
  readonly seconds: number
  /** What the farm says of itself. */
  readonly stats: FarmStats
}

export interface SampleRun {
  readonly files: number
  /** Paths whose facts differ between the farm and one process. */
  readonly different: readonly string[]
  readonly sequentialSeconds: number
  readonly farmSeconds: number
}

/** The table, as text. */
export function reportText(findings: Findings, { seconds, stats }: Run, sample: SampleRun): string {
  const { delivered, failures, bytes, brotliBytes, duplicates, duplicateBytes } = findings
  const megabytes = bytes / 1e6
  return table([
    ['files', count(delivered)],
    ['  of them unreadable', count(failures.length)],
    ['bytes', `${count(bytes)} (${megabytes.toFixed(1)} MB)`],
    ['lines, words', `${count(findings.lines)}, ${count(findings.words)}`],
    ['brotli would leave', bytes === 0 ? '-' : `${((brotliBytes / bytes) * 100).toFixed(1)} %`],
    ['duplicates', `${count(duplicates)} files, ${(duplicateBytes / 1e6).toFixed(1)} MB could be saved`],
    ['time', `${seconds.toFixed(1)} s with ${stats.workers.length} worker processes`],
    ['throughput', `${count(Math.round(delivered / seconds))} files/s, ${(megabytes / seconds).toFixed(1)} MB/s`],
    ['workers restarted', count(stats.restarts)],
    ['tasks redelivered', count(stats.redelivered)],
    ['lost', count(findings.lost)],
    ['delivered twice', count(findings.twice + findings.strange)],
    ['one process, same sample', sampleText(sample)],
    ['speed-up on the sample', speedUpText(sample)],
  ])
}

function sampleText({ files, different }: SampleRun): string {
  if (files === 0) return 'no file to compare'
  return different.length === 0 ? `${count(files)} files, all the same` : `${different.length} of ${files} files DIFFER`
}

function speedUpText({ files, sequentialSeconds, farmSeconds }: SampleRun): string {
  if (files === 0) return '-'
  const figures = `${sequentialSeconds.toFixed(2)} s in one process, ${farmSeconds.toFixed(2)} s in the farm`
  return `${(sequentialSeconds / farmSeconds).toFixed(2)} times (${figures})`
}

function table(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`).join('\n')
}

const count = (value: number): string => value.toLocaleString('en-US')
