/**
 * The second reader: reads what the main job left on disk, and believes nothing that the farm said of itself.
 */
import { InputRecord, ResultRecord, readRecords } from './records.js'
import type { FileFacts } from './tasks.js'

export interface Findings {
  /** How many inputs have a result, be it that they failed. */
  readonly delivered: number
  /** Inputs without a result, and results of nothing that was asked for. */
  readonly lost: number
  readonly strange: number
  /** Inputs with more results than one. */
  readonly twice: number
  readonly failures: readonly { readonly path: string; readonly failed: string }[]
  readonly bytes: number
  readonly lines: number
  readonly words: number
  readonly brotliBytes: number
  /** Files whose content another file has too, beyond the first of each, and what they take. */
  readonly duplicates: number
  readonly duplicateBytes: number
  /** What was found out about the paths that were asked for. */
  readonly sample: ReadonlyMap<string, FileFacts>
}

/** Reads the two files afresh and counts. `wanted` are the paths whose facts are to be kept. */
export async function verify(inputs: string, results: string, wanted: ReadonlySet<string>): Promise<Findings> {
  const seen = new Map<string, number>()
  for await (const { path } of readRecords(inputs, InputRecord)) seen.set(path, 0)
  const total = { delivered: 0, bytes: 0, lines: 0, words: 0, brotliBytes: 0, duplicates: 0, duplicateBytes: 0 }
  const counted = { lost: 0, strange: 0, twice: 0 }
  const hashes = new Set<string>()
  const failures: { path: string; failed: string }[] = []
  const sample = new Map<string, FileFacts>()
  for await (const record of readRecords(results, ResultRecord)) {
    const times = seen.get(record.path)
    if (times === undefined) counted.strange++
    else seen.set(record.path, times + 1)
    if ('failed' in record) failures.push(record)
    else {
      if (wanted.has(record.path)) sample.set(record.path, record)
      add(record)
    }
  }
  for (const times of seen.values()) {
    if (times === 0) counted.lost++
    else total.delivered++
    if (times > 1) counted.twice++
  }
  return { ...total, ...counted, failures, sample }

  function add({ bytes, lines, words, brotliBytes, sha256 }: FileFacts): void {
    total.bytes += bytes
    total.lines += lines
    total.words += words
    total.brotliBytes += brotliBytes
    if (hashes.has(sha256)) {
      total.duplicates++
      total.duplicateBytes += bytes
    }
    hashes.add(sha256)
  }
}
