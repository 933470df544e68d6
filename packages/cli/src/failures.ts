/**
 * The failed lines of a run: counted, and told to the `--errors` file or, the first few of them, to stderr.
 */
import { type FailureRecord, failureText } from './failure-record.js'
import type { LineWriter } from './line-writer.js'

/** So many are told in full when there is no file for them. */
const TOLD_IN_FULL = 5

export class Failures {
  readonly #file: LineWriter | undefined
  readonly #tell: (text: string) => void
  #count = 0
  #countBefore = 0

  constructor(file: LineWriter | undefined, tell: (text: string) => void) {
    this.#file = file
    this.#tell = tell
  }

  /** Counts those of a former run too. */
  countFrom(count: number): void {
    this.#count = count
    this.#countBefore = count
  }

  get count(): number {
    return this.#count
  }

  /** What it returns is to be awaited, if anything, before the next. */
  add(record: FailureRecord): Promise<void> | undefined {
    this.#count++
    if (this.#file !== undefined) return this.#file.write(JSON.stringify(record))
    if (this.#count - this.#countBefore <= TOLD_IN_FULL) this.#tell(failureText(record))
    return undefined
  }

  /** Says how many were not told. */
  end(): void {
    const untold = this.#count - this.#countBefore - TOLD_IN_FULL
    if (this.#file === undefined && untold > 0) {
      this.#tell(`${untold} more failed line${untold === 1 ? '' : 's'}; --errors FILE keeps them all`)
    }
  }
}
