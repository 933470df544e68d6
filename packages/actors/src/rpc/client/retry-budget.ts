/**
 * How many calls may be tried again, as a share of those that are made: a server in trouble is not called more because of it.
 */

/** What the budget is at its start, and never more than. */
const MOST = 100
const AT_FIRST = 10

export class RetryBudget {
  readonly #ratio: number
  #left = AT_FIRST

  constructor(ratio: number) {
    this.#ratio = ratio
  }

  /** A call is made. */
  deposit(): void {
    if (this.#left < MOST) this.#left += this.#ratio
  }

  /** Whether a call may be tried again; then it counts. */
  take(): boolean {
    if (this.#ratio === 0 || this.#left < 1) return false
    this.#left--
    return true
  }
}
