/**
 * Who waits for an answer of a supervisor's engine.
 */
import { type Deferred, deferred } from '@troupe/core'
import type { Supervised } from '../actor/exit.js'
import type { CheckedChildSpec } from './supervisor.options.js'

interface Request extends Deferred<Supervised | undefined> {
  /** Of the child that is to be started. */
  readonly spec: CheckedChildSpec | undefined
}

export class Requests {
  readonly #open = new Map<number, Request>()
  #last = 0

  /** Makes a request, which `ask` hands in by its number; resolves or rejects with the answer. */
  make(ask: (request: number) => void, spec?: CheckedChildSpec): Promise<Supervised | undefined> {
    const number = ++this.#last
    const request = { ...deferred<Supervised | undefined>(), spec }
    this.#open.set(number, request)
    ask(number)
    return request.promise
  }

  specOf(number: number): CheckedChildSpec | undefined {
    return this.#open.get(number)?.spec
  }

  resolve(number: number, child: Supervised | undefined): void {
    this.#take(number)?.resolve(child)
  }

  reject(number: number, error: unknown): void {
    this.#take(number)?.reject(error)
  }

  #take(number: number): Request | undefined {
    const request = this.#open.get(number)
    this.#open.delete(number)
    return request
  }
}
