/**
 * A restart of several children that is under way: all are stopped in reverse, then all are started in order.
 */
export class GroupRestart {
  /** The child that it is about, which is not running. */
  readonly cause: string
  /** How long to wait between the stops and the starts, if at all. */
  readonly pauseMs: number | undefined
  readonly #members: readonly string[]
  #toStop: number
  #toStart = 0

  constructor(cause: string, members: readonly string[], pauseMs: number | undefined) {
    this.cause = cause
    this.pauseMs = pauseMs
    this.#members = members
    this.#toStop = members.length
  }

  /** The next to be stopped; undefined when each has been. */
  nextToStop(): string | undefined {
    return this.#toStop > 0 ? this.#members[--this.#toStop] : undefined
  }

  /** The next to be started; undefined when each has been. */
  nextToStart(): string | undefined {
    return this.#members[this.#toStart++]
  }
}
