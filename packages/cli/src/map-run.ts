/**
 * One run of `troupe map`: lines in, through the farm, lines and failures out.
 */
import type { Farm, MapResults, Resumed, Settled, Task } from '@troupe/actors/farm'
import { systemReason, TroupeError } from '@troupe/core'
import type { Checkpoint, Note } from './checkpoint.js'
import { type FailureRecord, failureRecord } from './failure-record.js'
import type { Failures } from './failures.js'
import type { Input } from './files.js'
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
  /** With a journal: makes what is needed to go on, once it is known what the journal holds. */
  readonly goOn: ((resumed: Resumed) => Promise<{ readonly note: Note; readonly checkpoint: Checkpoint }>) | undefined
  /** Aborts when no more input is to be read. */
  readonly drain: AbortSignal
  /** Aborts when everything is to stop at once. */
  readonly stopped: AbortSignal
}

interface Place {
  readonly line: number
  readonly bytes: number
  /** With a journal: the lines before it that are not JSON, which are told with it. */
  readonly badLines: readonly FailureRecord[]
}

export class MapRun {
  readonly #terms: MapRunTerms
  readonly #startedMs = performance.now()
  /** The lines that the farm has, by the index that it gave them: as many as its windows hold. */
  readonly #places = new Map<number, Place>()
  #done = 0
  #bytesDone = 0
  #countBefore = 0
  #bytesBefore = 0
  #inputError: TroupeError | undefined
  #resumed: Resumed | undefined
  /** Those after the last line that is JSON. */
  #badLines: FailureRecord[] = []

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
    const { retries, timeoutMs, speculate } = options
    const settings = {
      settled: true,
      signal: stopped,
      speculate,
      ...(retries !== undefined && { retries }),
      ...(timeoutMs !== undefined && { timeoutMs }),
    } as const
    const { goOn, drain } = this.#terms
    // Under one name for all tasks: so the journal of another is refused.
    const durable = goOn === undefined ? {} : ({ name: 'map', acknowledge: 'manual' } as const)
    const terms = { ...settings, ...durable }
    const inputs = this.#inputs()
    const settled = options.unordered ? farm.mapUnordered(task, inputs, terms) : farm.map(task, inputs, terms)
    const checkpoint = goOn && (await this.#goOn(goOn, settled))
    const stopReading = () => settled.drain()
    drain.addEventListener('abort', stopReading)
    // It may have come while the journal was read: an input that then ends at once would be one that has shrunk.
    if (drain.aborted) stopReading()
    try {
      for await (const result of settled) {
        await this.#take(result)
        if (checkpoint?.isDue === true) await this.#check(checkpoint, settled)
      }
    } finally {
      drain.removeEventListener('abort', stopReading)
    }
    if (this.#inputError !== undefined) throw this.#inputError
    if (!drain.aborted) await this.#tellBadLines(this.#badLines)
    if (checkpoint !== undefined) await this.#check(checkpoint, settled)
  }

  async #goOn(goOn: NonNullable<MapRunTerms['goOn']>, settled: MapResults<unknown>): Promise<Checkpoint> {
    this.#resumed = (await settled.resumed())!
    const { note, checkpoint } = await goOn(this.#resumed)
    this.#done = note.done
    this.#terms.failures.countFrom(note.failed)
    this.#countBefore = note.done + note.failed
    return checkpoint
  }

  #check(checkpoint: Checkpoint, settled: MapResults<unknown>): Promise<void> {
    return checkpoint.take(settled, { done: this.#done, failed: this.#terms.failures.count })
  }

  async #take(result: Settled<unknown, unknown>): Promise<void> {
    const { line, bytes, badLines } = this.#places.get(result.index)!
    this.#places.delete(result.index)
    this.#bytesDone += bytes
    if (badLines.length > 0) await this.#tellBadLines(badLines)
    const written =
      result.status === 'fulfilled'
        ? this.#succeeded(line, result.value, result.input)
        : this.#failed(line, result.reason, { input: result.input })
    if (written !== undefined) await written
  }

  async #tellBadLines(records: readonly FailureRecord[]): Promise<void> {
    for (const record of records) await this.#terms.failures.add(record)
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
      before: { count: this.#countBefore, share: bytes ? this.#bytesBefore / bytes : 0 },
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
        const { line } = read
        const bytes = read.endByte - byte
        byte = read.endByte
        if ('error' in read) {
          this.#bytesDone += bytes
          const record = failureRecord(line, read.error, { text: read.text })
          // What a journal does not know is told when what follows it is.
          if (this.#resumed === undefined) await this.#terms.failures.add(record)
          else this.#badLines.push(record)
        } else {
          if (this.#resumed?.isTaken(index) === true) {
            this.#bytesDone += bytes
            this.#bytesBefore += bytes
          } else this.#places.set(index, { line, bytes, badLines: this.#badLines })
          this.#badLines = []
          index++
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
