/**
 * Writes lines to a stream in few large writes, soon, and no faster than the reader at the other end takes them.
 */
import type { Writable } from 'node:stream'
import { type Deferred, deferred } from '@troupe/core'

/** So much text is gathered at most before it is handed on, in characters. */
const GATHERED_CHARACTERS = 64 * 1024

export class LineWriter {
  readonly #stream: Writable
  readonly #onError: (error: Error) => void
  #gathered = ''
  #bytes = 0
  #flushing = false
  #error: Error | undefined
  #draining: Deferred<void> | undefined

  /** Owns `stream` from now on. `onError` is told, once, when the stream fails; what is written after that is dropped. */
  constructor(stream: Writable, onError: (error: Error) => void) {
    this.#stream = stream
    this.#onError = onError
    stream.on('error', (error) => this.#fail(error))
    stream.on('drain', () => this.#drained())
  }

  /** How much was handed to the stream, in bytes. */
  get bytes(): number {
    return this.#bytes
  }

  /** Adds a line. What it returns is to be awaited, if anything: then the stream has taken as much as it wants. */
  write(line: string): Promise<void> | undefined {
    if (this.#error !== undefined) return undefined
    this.#gathered += `${line}\n`
    if (this.#gathered.length >= GATHERED_CHARACTERS) return this.#write()
    if (!this.#flushing) {
      this.#flushing = true
      // Once in a turn of the event loop: many results come in one turn, and a single one does not wait.
      setImmediate(() => {
        this.#flushing = false
        void this.#write()
      })
    }
    return this.#stream.writableNeedDrain ? this.#drain() : undefined
  }

  /** Writes out all lines; resolves when they are handed over to the system. @throws what the stream has failed with */
  async flush(): Promise<void> {
    void this.#write()
    if (this.#error === undefined) {
      await new Promise<void>((resolve) => {
        // A stream that is destroyed may never call back.
        const failed = () => resolve()
        this.#stream.once('error', failed)
        this.#stream.write('', (error) => {
          this.#stream.off('error', failed)
          if (error) this.#fail(error)
          resolve()
        })
      })
    }
    if (this.#error !== undefined) throw this.#error
  }

  #fail(error: Error): void {
    if (this.#error !== undefined) return
    this.#error = error
    this.#drained()
    this.#onError(error)
  }

  #write(): Promise<void> | undefined {
    if (this.#gathered === '' || this.#error !== undefined) return undefined
    const text = this.#gathered
    this.#gathered = ''
    this.#bytes += Buffer.byteLength(text)
    return this.#stream.write(text) ? undefined : this.#drain()
  }

  // More than one may wait: a run's failures come from its input and from its tasks.
  #drain(): Promise<void> {
    this.#draining ??= deferred()
    return this.#draining.promise
  }

  #drained(): void {
    this.#draining?.resolve()
    this.#draining = undefined
  }
}
