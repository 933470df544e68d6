/**
 * One line on stderr that says how far the job is: rewritten on a terminal, now and then elsewhere.
 */

const TERMINAL_EVERY_MS = 100
const ELSEWHERE_EVERY_MS = 2_000

export class StatusLine {
  readonly #stream: NodeJS.WriteStream
  #shownMs = 0

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream
  }

  /** Shows `text`, unless something was shown just now. */
  show(text: () => string): void {
    const now = performance.now()
    if (now - this.#shownMs < (this.#stream.isTTY ? TERMINAL_EVERY_MS : ELSEWHERE_EVERY_MS)) return
    this.#shownMs = now
    this.#stream.write(this.#stream.isTTY ? `\r\x1b[K${text()}` : `${text()}\n`)
  }

  /** Writes a line that stays. */
  note(text: string): void {
    this.clear()
    this.#stream.write(`${text}\n`)
  }

  /** Takes the line away from a terminal. */
  clear(): void {
    if (this.#stream.isTTY) this.#stream.write('\r\x1b[K')
  }
}
