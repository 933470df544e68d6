/**
 * One run of `troupe map`: lines in, through the farm, lines and failures out.
 */
import type { Farm, Task } from '@troupe/actors/farm'
import { TroupeError } from '@troupe/core'
import { failureRecord } from './failure-record.js'
import type { Failures } from './failures.js'
import { type Input, systemReason } from './files.js'
import type { LineWriter } from './line-writer.js'
import type { MapOptions } from './map.options.js'
import { readNdjson } from './ndjson-reader.js'
import type { Tally } from './tally.js'

export interface MapRunTerms {
  readonly farm: Farm
  readonly task: Task
  readonly options: MapOptions
  readonly input: Input
  readonly results: LineWriter
  readonly failures: Failures
  /** Aborts when no more input is to be read. */
  readonly drain: AbortSignal
  /** Aborts when everything is to stop at once. */
  readonly stopped: AbortSignal
}

interface Place {
  readonly line: number
  readonly bytes: number
}

export class MapRun {
  readonly #terms: MapRunTerms
  readonly #startedMs = performance.now()
  /** The lines that the farm has, by the index that it gave them: as many as its windows hold. */
  readonly #places = new Map<number, Place>()
  #done = 0
  #bytesDone = 0
  #inputError: TroupeError | undefined

  constructor(terms: MapRunTerms) {
    this.#terms = terms
  }

  /**
   * Does every line.
   * @throws {TroupeError} `INPUT_FAILED` when the input cannot be read to its end, after what was read is done; what
   *   ends the farm
   */
  async run(): Promise<void> {
    const { farm, task, options, stopped } = this.#terms
    const { retries, timeoutMs } = options
    const settings = {
      settled: true,
      signal: stopped,
      ...(retries !== undefined && { retries }),
      ...(timeoutMs !== undefined && { timeoutMs }),
    } as const
    const inputs = this.#inputs()
    const settled = options.unordered ? farm.mapUnordered(task, inputs, settings) : farm.map(task, inputs, settings)
    for await (const result of settled) {
      const place = this.#places.get(result.index)!
      this.#places.delete(result.index)
      this.#bytesDone += place.bytes
      const { line } = place
      const written =
        result.status === 'fulfilled'
          ? this.#succeeded(line, result.value, result.input)
          : this.#failed(line, result.reason, { input: result.input })
      if (written !== undefined) await written
    }
    if (this.#inputError !== undefined) throw this.#inputError
  }

  /** How far it is. */
  tally(): Tally {
    const { restarts, redelivered } = this.#terms.farm.stats()
    const { bytes } = this.#terms.input
    return {
      done: this.#done,
      failed: this.#terms.failures.count,
      elapsedMs: performance.now() - this.#startedMs,
      share: bytes === undefined || bytes === 0 ? undefined : Math.min(1, this.#bytesDone / bytes),
      restarts,
      redelivered,
    }
  }

  // Never throws: a farm whose input fails gives up what it has begun, and here that is to be finished.
  async *#inputs(): AsyncGenerator<unknown> {
    const { input, drain } = this.#terms
    let index = 0
    let byte = 0
    try {
      for await (const read of readNdjson(untilAborted(input.stream, drain))) {
        if (drain.aborted) return
        const place = { line: read.line, bytes: read.endByte - byte }
        byte = read.endByte
        if ('error' in read) {
          this.#bytesDone += place.bytes
          await this.#failed(place.line, read.error, { text: read.text })
        } else {
          this.#places.set(index++, place)
          yield read.value
        }
      }
    } catch (error) {
      this.#inputError = new TroupeError('INPUT_FAILED', `cannot read the input: ${systemReason(error)}`, {
        cause: error,
      })
    }
  }

  #succeeded(line: number, value: unknown, input: unknown): Promise<void> | undefined {
    let json: string
    try {
      // A task that returns nothing has a line all the same.
      json = JSON.stringify(value) ?? 'null'
    } catch (cause) {
      const { name } = this.#terms.task
      const message = `task "${name}" returned what is not JSON: ${(cause as Error).message}`
      return this.#failed(line, new TroupeError('ENCODE_FAILED', message, { cause }), { input })
    }
    this.#done++
    return this.#terms.results.write(json)
  }

  #failed(line: number, error: Error, content: { input: unknown } | { text: string }): Promise<void> | undefined {
    return this.#terms.failures.add(failureRecord(line, error, content))
  }
}

/** The chunks of `stream`, which ends where it is when `signal` aborts. */
async function* untilAborted(
  stream: AsyncIterable<Uint8Array> & { destroy(): unknown },
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const end = () => void stream.destroy()
  signal.addEventListener('abort', end, { once: true })
  try {
    if (!signal.aborted) yield* stream
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    signal.removeEventListener('abort', end)
  }
}
