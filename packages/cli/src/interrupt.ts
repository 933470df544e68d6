/**
 * What Ctrl-C means: the first time finish what was begun, the second time stop at once. SIGTERM stops at once.
 */

export class Interrupt {
  readonly #drain = new AbortController()
  readonly #stop = new AbortController()
  #failure: Error | undefined
  #signal: NodeJS.Signals | undefined

  /** Listens to the process's signals until it is closed. */
  constructor() {
    process.on('SIGINT', this.#onSigint)
    process.on('SIGTERM', this.#onSigterm)
  }

  /** Aborts when no more input is to be read. */
  get drain(): AbortSignal {
    return this.#drain.signal
  }

  /** Aborts when everything is to stop at once. */
  get stopped(): AbortSignal {
    return this.#stop.signal
  }

  /** The signal that came, if one did. */
  get signal(): NodeJS.Signals | undefined {
    return this.#signal
  }

  /** What {@link stop} was called for, if it was. */
  get failure(): Error | undefined {
    return this.#failure
  }

  /** Stops at once because of `failure`. */
  stop(failure: Error): void {
    this.#failure ??= failure
    this.#stop.abort()
    this.#drain.abort()
  }

  close(): void {
    process.off('SIGINT', this.#onSigint)
    process.off('SIGTERM', this.#onSigterm)
  }

  readonly #onSigint = (): void => {
    if (this.#signal !== undefined) return this.#stop.abort()
    this.#signal = 'SIGINT'
    this.#drain.abort()
  }

  readonly #onSigterm = (): void => {
    this.#signal ??= 'SIGTERM'
    this.#stop.abort()
    this.#drain.abort()
  }
}
