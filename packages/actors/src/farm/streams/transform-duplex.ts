/**
 * A map as a stream of Node: what is written are its inputs, what is read its outputs.
 */
import { Duplex } from 'node:stream'
import { AbortedError, TroupeError } from '@troupe/core'
import type { Inputs } from '../input-source.js'
import type { MapResults } from '../map-run.js'
import { PushedInputs, type Taken } from './pushed-inputs.js'

export class TransformDuplex extends Duplex {
  readonly #inputs = new PushedInputs()
  readonly #results: MapResults<unknown>
  readonly #signal: AbortSignal | undefined
  readonly #onAbort = () => void this.destroy(new AbortedError('a transform', this.#signal?.reason))
  #pumping = false
  /** Node wants more, and asks for it once only. */
  #wanted = false

  constructor(begin: (inputs: Inputs<unknown>) => MapResults<unknown>, signal: AbortSignal | undefined) {
    super({ objectMode: true })
    this.#results = begin(this.#inputs)
    this.#signal = signal
    if (signal?.aborted) this.#onAbort()
    else signal?.addEventListener('abort', this.#onAbort)
  }

  override _write(chunk: unknown, _encoding: BufferEncoding, taken: Taken): void {
    this.#inputs.offer([chunk], taken)
  }

  override _writev(chunks: readonly { readonly chunk: unknown }[], taken: Taken): void {
    const values = chunks.map(({ chunk }) => chunk)
    this.#inputs.offer(values, taken)
  }

  override _final(done: Taken): void {
    this.#inputs.end()
    done()
  }

  override _read(): void {
    this.#wanted = true
    if (!this.#pumping) void this.#pump()
  }

  override _destroy(error: Error | null, done: Taken): void {
    this.#signal?.removeEventListener('abort', this.#onAbort)
    this.#inputs.fail(error ?? new AbortedError('a transform', 'it was destroyed'))
    this.#results.return!().then(() => done(error), done)
  }

  /** Gives outputs until there is no room for more. */
  async #pump(): Promise<void> {
    this.#pumping = true
    try {
      while (this.#wanted) {
        this.#wanted = false
        if (await this.#giveOne()) this.#wanted = true
      }
    } catch (error) {
      this.destroy(error as Error)
    }
    this.#pumping = false
  }

  async #giveOne(): Promise<boolean> {
    const { done, value } = await this.#results.next()
    if (this.destroyed) return false
    if (done === true) return this.push(null) && false
    if (value === null) {
      const why = 'it is null, which ends a stream of Node: take the outcomes with `settled`, or a stream of the web'
      throw new TroupeError('INVALID_OUTPUT', `an output cannot be given: ${why}`)
    }
    return this.push(value)
  }
}
