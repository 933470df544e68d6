/**
 * A program that reads and prints one JSON value a line.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

const GRACE_MS = 5_000

export class LineProgram implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>
  readonly #ended: Promise<unknown>

  constructor([program, ...args]: readonly string[]) {
    this.#child = spawn(program!, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#lines = createInterface(this.#child.stdout!)[Symbol.asyncIterator]()
    this.#ended = once(this.#child, 'close')
  }

  get pid(): number {
    return this.#child.pid!
  }

  tell(value: unknown): void {
    this.#child.stdin!.write(`${JSON.stringify(value)}\n`)
  }

  /** The next line. @throws {Error} when it has ended */
  async next(): Promise<unknown> {
    const { done, value } = await this.#lines.next()
    if (done === true) throw new Error('the program has ended')
    return JSON.parse(value)
  }

  /** All lines until it has ended by itself. */
  async all(): Promise<unknown[]> {
    const values: unknown[] = []
    for (let line = await this.#lines.next(); line.done !== true; line = await this.#lines.next()) {
      values.push(JSON.parse(line.value))
    }
    return values
  }

  /** Its exit code, once it has ended by itself. */
  async exitCode(): Promise<number | null> {
    await this.#ended
    return this.#child.exitCode
  }

  /** Ends its stdin, at which it ends, and waits. One that does not end is killed. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin!.end()
    const killing = setTimeout(() => this.#child.kill('SIGKILL'), GRACE_MS)
    await this.#ended
    clearTimeout(killing)
  }
}
