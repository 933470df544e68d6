/**
 * Warnings of what may come as a flood, so that it does not fill the disk.
 */
import type { Clock } from './clock.js'
import type { Logger } from './log.js'

/** What is left out is counted in the next line. */
const LINES_A_SECOND = 10

export class PacedWarnings {
  readonly #clock: Pick<Clock, 'now'>
  readonly #log: Logger
  #beganMs = Number.NEGATIVE_INFINITY
  #lines = 0
  #notLogged = 0

  constructor(clock: Pick<Clock, 'now'>, log: Logger) {
    this.#clock = clock
    this.#log = log
  }

  /** Logs ten a second; with `all` each. */
  warn(facts: object, message: string, { all = false }: { readonly all?: boolean } = {}): void {
    const nowMs = this.#clock.now()
    if (nowMs - this.#beganMs >= 1_000) {
      this.#beganMs = nowMs
      this.#lines = 0
    }
    if (!all && this.#lines >= LINES_A_SECOND) {
      this.#notLogged++
      return
    }
    this.#lines++
    const notLogged = this.#notLogged
    this.#notLogged = 0
    this.#log.warn({ ...facts, ...(notLogged > 0 && { notLogged }) }, message)
  }
}
