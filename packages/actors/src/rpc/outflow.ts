/**
 * A stream that goes out: its source is read only as far as the receiver has given credit, and one item further, since its
 * end needs no credit.
 */
import { isThenable } from '../actor/is-thenable.js'

export interface OutflowPort {
  item(value: unknown): void
  /** The source has ended. */
  end(): void
  /** The source has failed. */
  fail(error: unknown): void
}

export class Outflow {
  readonly #source: AsyncIterable<unknown> | Iterable<unknown>
  readonly #port: OutflowPort
  #credit: number
  #isOver = false
  #wake: (() => void) | undefined
  #iterator: AsyncIterator<unknown> | Iterator<unknown> | undefined

  constructor(source: AsyncIterable<unknown> | Iterable<unknown>, credit: number, port: OutflowPort) {
    this.#source = source
    this.#credit = credit
    this.#port = port
  }

  /** The receiver takes so many more. */
  give(count: number): void {
    this.#credit += count
    this.#resume()
  }

  /** Nobody wants the rest: the source is told by its `return`. */
  stop(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#resume()
    void this.#returnSource()
  }

  /** Reads the source to its end. */
  async run(): Promise<void> {
    try {
      this.#iterator = iteratorOf(this.#source)
      while (!this.#isOver) {
        const next = this.#iterator.next()
        const { done, value } = isThenable(next) ? await next : next
        if (this.#isOver) return
        if (done === true) {
          this.#isOver = true
          return this.#port.end()
        }
        while (this.#credit === 0) {
          await this.#woken()
          if (this.#isOver) return
        }
        this.#credit--
        this.#port.item(value)
      }
    } catch (error) {
      if (this.#isOver) return
      this.#isOver = true
      this.#port.fail(error)
      // Where its item was to blame, it is not at its end.
      void this.#returnSource()
    }
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  #resume(): void {
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }

  async #returnSource(): Promise<void> {
    try {
      await this.#iterator?.return?.()
    } catch {
      // It was told that nobody wants it any more: what it makes of that is its own.
    }
  }
}

function iteratorOf(source: AsyncIterable<unknown> | Iterable<unknown>): AsyncIterator<unknown> | Iterator<unknown> {
  const { [Symbol.asyncIterator]: asynchronous } = source as Partial<AsyncIterable<unknown>>
  if (asynchronous !== undefined) return asynchronous.call(source)
  const { [Symbol.iterator]: synchronous } = source as Partial<Iterable<unknown>>
  if (synchronous !== undefined) return synchronous.call(source)
  throw new TypeError('a stream must be an iterable or an async iterable')
}
