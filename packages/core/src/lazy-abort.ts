/**
 * An abort whose signal is made when it is first asked for: most of what can be aborted never looks at it, and a signal costs more
 * than all else about it.
 */
export class LazyAbort {
  #controller: AbortController | undefined
  #abort: { readonly reason: unknown } | undefined

  get isAborted(): boolean {
    return this.#abort !== undefined
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#abort !== undefined) this.#controller.abort(this.#abort.reason)
    }
    return this.#controller.signal
  }

  /** Aborts; the first reason stays. */
  abort(reason?: unknown): void {
    if (this.#abort !== undefined) return
    this.#abort = { reason }
    this.#controller?.abort(reason)
  }
}
