/**
 * The two files that the main job leaves: the list of its inputs, and a line for each of them that tells how it went.
 */
import { once } from 'node:events'
import { createReadStream, createWriteStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { finished } from 'node:stream/promises'
import { z } from 'zod'
import { FileFacts } from './tasks.js'

export const InputRecord = z.object({ path: z.string() })
export type InputRecord = z.infer<typeof InputRecord>

/** A line of the results: what was found out about a file, or why nothing was. */
export const ResultRecord = z.union([FileFacts, z.object({ path: z.string(), failed: z.string() })])
export type ResultRecord = z.infer<typeof ResultRecord>

/** Writes each record as a line, as fast as the disk takes them. */
export async function writeRecords(path: string, records: AsyncIterable<unknown>): Promise<void> {
  const file = createWriteStream(path)
  try {
    for await (const record of records) {
      if (!file.write(`${JSON.stringify(record)}\n`)) await once(file, 'drain')
    }
  } finally {
    file.end()
    await finished(file)
  }
}

/** The records of a file, one after the other. */
export async function* readRecords<T>(path: string, schema: z.ZodType<T>): AsyncGenerator<T> {
  const lines = createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })
  for await (const line of lines) yield schema.parse(JSON.parse(line))
}
