/**
 * A terminal that shows one thing in place, on a screen of its own, and is given back as it was.
 */
import type { Interrupt } from './interrupt.js'

/** The other screen, no cursor, and no line that is wrapped. */
const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l'
const LEAVE = '\x1b[?7h\x1b[?25h\x1b[?1049l'
const HOME = '\x1b[H'
const END_OF_LINE = '\x1b[K'
const END_OF_SCREEN = '\x1b[J'

/** How large the terminal is. */
export interface Size {
  readonly columns: number
  readonly rows: number
}

export class Screen<Shown> {
  readonly #stdout: NodeJS.WriteStream
  readonly #linesOf: (shown: Shown, size: Size) => Iterable<string>
  #last: { readonly shown: Shown } | undefined

  /** Takes the terminal over. What cannot be written stops the command. */
  constructor(
    stdout: NodeJS.WriteStream,
    interrupt: Pick<Interrupt, 'stop'>,
    linesOf: (shown: Shown, size: Size) => Iterable<string>,
  ) {
    this.#stdout = stdout
    this.#linesOf = linesOf
    stdout.on('error', (error) => interrupt.stop(error))
    stdout.on('resize', this.#draw)
    // Whatever ends the process: the terminal is the user's again.
    process.on('exit', this.#leave)
    stdout.write(ENTER)
  }

  show(shown: Shown): void {
    this.#last = { shown }
    this.#draw()
  }

  /** Gives the terminal back, and leaves there what was shown last. */
  async end(): Promise<void> {
    this.#stdout.off('resize', this.#draw)
    process.off('exit', this.#leave)
    this.#leave()
    await new Promise<void>((resolve) => {
      this.#stdout.once('error', () => resolve())
      this.#stdout.write(this.#text('\n'), () => resolve())
    })
  }

  readonly #leave = (): void => {
    this.#stdout.write(LEAVE)
  }

  readonly #draw = (): void => {
    this.#stdout.write(`${HOME}${this.#text(`${END_OF_LINE}\r\n`)}${END_OF_SCREEN}`)
  }

  /** The lines of what was shown last, as far as there is room. */
  #text(endOfLine: string): string {
    if (this.#last === undefined) return ''
    const { columns = 80, rows = 24 } = this.#stdout
    // The last line of a terminal is left free: a line that ends there would scroll it.
    const lines = [...this.#linesOf(this.#last.shown, { columns, rows: rows - 1 })].slice(0, Math.max(1, rows - 1))
    return lines.map((line) => `${[...line].slice(0, columns).join('')}${endOfLine}`).join('')
  }
}
