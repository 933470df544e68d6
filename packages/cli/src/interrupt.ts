/**
 * What Ctrl-C means: the first time finish what was begun, the second time stop at once. SIGTERM stops at once, or means the
 * same as Ctrl-C.
 */

const SIGNALS = ['SIGINT', 'SIGTERM'] as const

export class Interrupt {
  readonly #drain = new AbortController()
  readonly #stop = new AbortController()
  #failure: Error | undefined
  #signal: NodeJS.Signals | undefined

  readonly #orderly: readonly NodeJS.Signals[]

  /** Listens to the process's signals until it is closed. Those that are `orderly` let what was begun be finished. */
  constructor(orderly: readonly NodeJS.Signals[] = ['SIGINT']) {
    this.#orderly = orderly
    for (const signal of SIGNALS) process.on(signal, this.#heard)
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
    for (const signal of SIGNALS) process.off(signal, this.#heard)
  }

  readonly #heard = (signal: NodeJS.Signals): void => {
    const isFirst = this.#signal === undefined
    this.#signal ??= signal
    if (!isFirst || !this.#orderly.includes(signal)) this.#stop.abort()
    this.#drain.abort()
  }
}
