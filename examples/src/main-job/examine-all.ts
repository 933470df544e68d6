/**
 * Sends every input through the farm, and lets a worker die half-way.
 */
import type { Farm } from '@troupe/actors/farm'
import { OneDeath } from './one-death.js'
import { InputRecord, type ResultRecord, readRecords } from './records.js'
import type { StatusLine } from './status-line.js'
import { examine } from './tasks.js'

export interface Terms {
  /** The file with the inputs, and how many there are. */
  readonly inputsFile: string
  readonly total: number
  readonly kill: boolean
  readonly signal: AbortSignal
  readonly status: StatusLine
}

/**
 * A record for each input, as they are done. A file that cannot be read has one that says so.
 * @throws {TroupeError} `ABORTED`
 */
export async function* examineAll(farm: Farm, terms: Terms): AsyncGenerator<ResultRecord> {
  const { inputsFile, total, kill, signal, status } = terms
  const death = new OneDeath(farm)
  const startedMs = performance.now()
  let count = 0
  for await (const result of farm.mapUnordered(examine, readRecords(inputsFile, InputRecord), {
    settled: true,
    signal,
  })) {
    count++
    yield result.status === 'fulfilled' ? result.value : { path: result.input.path, failed: result.reason.message }
    const struck = kill && count * 2 >= total ? death.strike() : undefined
    if (struck !== undefined) {
      status.note(`killed worker ${struck.pid} with SIGKILL while it held ${struck.held} tasks, after ${count} files`)
    }
    status.show(() => {
      const seconds = (performance.now() - startedMs) / 1000
      return `${count} of ${total} files, ${Math.round(count / seconds)}/s`
    })
  }
  status.clear()
}
